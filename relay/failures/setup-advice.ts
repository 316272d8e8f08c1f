interface Refusal {
  readonly code: string;
  readonly message: string;
  /** The function of PostgreSQL's source that the error comes from. */
  readonly routine?: string | undefined;
}

const ADVICE: Readonly<Record<string, (refusal: Refusal) => string | undefined>> = {
  '08P01': ({ routine }) =>
    // PostgreSQL's own errors have a routine.
    routine === undefined
      ? 'RELAY_DATABASE_URL has to go straight to PostgreSQL, and a transaction pooler such as PgBouncer seems to answer'
      : undefined,
  '22P05': () =>
    'a row has a character of the encoding of the database for which UTF-8 has none: correct the row, then drop the replication slot',
  '25006': () =>
    'this server takes no writes: RELAY_DATABASE_URL has to name the primary; if it does, make room on its disk, or end its read-only mode',
  '28000': ({ message, routine }) => {
    // The words are the server's own in any language but English; then the advice is for both.
    if (routine === 'ClientAuthentication' && message.includes('no encryption')) {
      return 'the server may want TLS: ask for it with ?sslmode=verify-full in RELAY_DATABASE_URL (and &sslrootcert=FILE for a CA of your own); if it does not, let the role in with a line for its database in pg_hba.conf';
    }
    return 'create the role of RELAY_DATABASE_URL, or let it in with a line for its database in pg_hba.conf';
  },
  '28P01': () => 'correct the role or the password in RELAY_DATABASE_URL (if it is not set: in DATABASE_URL)',
  '3D000': () =>
    'correct the database in RELAY_DATABASE_URL (if it is not set: in DATABASE_URL), or create it and run: npm run db:migrate',
  '42501': ({ routine }) => {
    if (routine === 'check_enable_rls') {
      return 'row-level security would hide rows from the role of RELAY_DATABASE_URL: ALTER ROLE ... BYPASSRLS, or ALTER TABLE ... DISABLE ROW LEVEL SECURITY';
    }
    return routine === 'aclcheck_error'
      ? 'the role of RELAY_DATABASE_URL needs the grants of docs/operations.md, "Roles and grants"'
      : 'the role of RELAY_DATABASE_URL needs an attribute: ALTER ROLE ... REPLICATION';
  },
  '53300': () =>
    'raise max_wal_senders or max_connections and restart PostgreSQL, or end connections that nobody needs',
  '53400': ({ routine }) =>
    routine?.startsWith('FileWrite')
      ? 'ALTER ROLE ... SET temp_file_limit = -1 for the role of RELAY_DATABASE_URL, or give it more work_mem'
      : 'raise max_replication_slots and restart PostgreSQL, or drop a slot that nobody needs',
  '55000': ({ routine }) =>
    routine === 'CheckLogicalDecodingRequirements'
      ? 'set wal_level = logical and restart PostgreSQL'
      : undefined,
  '58P01': ({ routine }) =>
    routine === 'internal_load_library' || routine === 'expand_dynamic_library_name'
      ? 'a library is not where the server looks for it: ALTER ROLE or ALTER DATABASE ... RESET dynamic_library_path, local_preload_libraries, session_preload_libraries'
      : undefined,
};

/** Which setting is wrong and what to do with it, for a failure that only a person can end; undefined for any other. */
export function setupAdvice(error: unknown): string | undefined {
  for (let e = error; e instanceof Error; e = e.cause) {
    if (!('code' in e) || typeof e.code !== 'string') continue;
    // Of an error that has none, pg makes a member without a value.
    const routine = 'routine' in e && typeof e.routine === 'string' ? e.routine : undefined;
    const advice = ADVICE[e.code]?.({ code: e.code, message: e.message, routine });
    return advice && `${e.message} (${e.code}): ${advice}`;
  }
  return undefined;
}
