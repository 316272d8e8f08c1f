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
  '28000': () =>
    'create the role of RELAY_DATABASE_URL, or let it in with a line for its database in pg_hba.conf',
  '28P01': () => 'correct the role or the password in RELAY_DATABASE_URL (if it is not set: in DATABASE_URL)',
  '3D000': () =>
    'correct the database in RELAY_DATABASE_URL (if it is not set: in DATABASE_URL), or create it and run: npm run db:migrate',
  '42501': ({ routine }) =>
    routine === 'aclcheck_error'
      ? 'the role of RELAY_DATABASE_URL needs the grants of docs/operations.md, "Roles and grants"'
      : 'the role of RELAY_DATABASE_URL needs an attribute: ALTER ROLE ... REPLICATION',
  '53300': () =>
    'raise max_wal_senders or max_connections and restart PostgreSQL, or end connections that nobody needs',
  '53400': () => 'raise max_replication_slots and restart PostgreSQL, or drop a slot that nobody needs',
  '55000': ({ routine }) =>
    routine === 'CheckLogicalDecodingRequirements'
      ? 'set wal_level = logical and restart PostgreSQL'
      : undefined,
};

/** Which setting is wrong and what to do with it, for a failure that only a person can end; undefined for any other. */
export function setupAdvice(error: unknown): string | undefined {
  for (let e = error; e instanceof Error; e = e.cause) {
    if (!('code' in e) || typeof e.code !== 'string') continue;
    const refusal: Refusal = {
      code: e.code,
      message: e.message,
      ...('routine' in e && { routine: String(e.routine) }),
    };
    const advice = ADVICE[e.code]?.(refusal);
    return advice && `${e.message} (${e.code}): ${advice}`;
  }
  return undefined;
}
