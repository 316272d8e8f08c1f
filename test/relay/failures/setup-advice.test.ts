import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setupAdvice } from '../../../relay/failures/setup-advice.ts';

const postgres = (code: string, message: string, routine?: string) =>
  Object.assign(new Error(message), { code, ...(routine !== undefined && { routine }) });

const ADVISED: [string, Error, RegExp][] = [
  [
    'wal_level',
    postgres('55000', 'logical decoding requires wal_level >= logical', 'CheckLogicalDecodingRequirements'),
    /set wal_level = logical and restart/,
  ],
  [
    'no REPLICATION',
    postgres('42501', 'permission denied to start WAL sender', 'InitPostgres'),
    /permission denied to start WAL sender \(42501\): .*ALTER ROLE \.\.\. REPLICATION/,
  ],
  [
    'no grants',
    postgres('42501', 'permission denied for table outbox', 'aclcheck_error'),
    /"Roles and grants"/,
  ],
  ['no slot', postgres('53400', 'all replication slots are in use', 'X'), /raise max_replication_slots/],
  [
    'no room for temporary files',
    postgres('53400', 'temporary file size exceeds "temp_file_limit" (0kB)', 'FileWriteV'),
    /SET temp_file_limit/,
  ],
  [
    'hidden rows',
    postgres('42501', 'query would be affected by row-level security policy', 'check_enable_rls'),
    /BYPASSRLS/,
  ],
  ['a server that takes no writes', postgres('25006', 'cannot execute UPDATE', 'X'), /takes no writes/],
  [
    'a server that wants TLS',
    postgres('28000', 'no pg_hba.conf entry for host "::1", no encryption', 'ClientAuthentication'),
    /sslmode=verify-full/,
  ],
  [
    'no line for the role, with TLS',
    postgres('28000', 'no pg_hba.conf entry for host "::1", SSL encryption', 'ClientAuthentication'),
    /: create the role .* pg_hba\.conf/,
  ],
  [
    'a role of a misleading name',
    postgres('28000', 'role "no encryption" does not exist', 'X'),
    /: create the role/,
  ],
  [
    'a library that is not there',
    postgres('58P01', 'could not access file "pgoutput"', 'internal_load_library'),
    /dynamic_library_path/,
  ],
  [
    'a path for libraries that leads nowhere',
    postgres('58P01', 'could not access file "$libdir/x"', 'expand_dynamic_library_name'),
    /dynamic_library_path/,
  ],
  [
    'a character that UTF-8 does not have',
    postgres('22P05', 'character with byte sequence 0x81 has no equivalent in encoding "UTF8"', 'X'),
    /correct the row, then drop the replication slot/,
  ],
  ['no sender', postgres('53300', 'exceeds max_wal_senders', 'InitProcess'), /raise max_wal_senders/],
  [
    'no database',
    postgres('3D000', 'database "x" does not exist', 'X'),
    /correct the database in RELAY_DATABASE_URL/,
  ],
  [
    'wrong password',
    postgres('28P01', 'password authentication failed', 'X'),
    /correct the role or the password/,
  ],
  ['unknown role', postgres('28000', 'role "x" does not exist', 'X'), /create the role .* pg_hba\.conf/],
  [
    'a pooler',
    // As pg makes it: with a member that has no value.
    Object.assign(postgres('08P01', 'unsupported startup parameter: replication'), { routine: undefined }),
    /straight to PostgreSQL.*PgBouncer/,
  ],
];

for (const [name, error, advice] of ADVISED) {
  test(`${name}: what PostgreSQL says comes with what to do`, () => {
    const wrapped = new Error('While starting', { cause: error });

    assert.match(setupAdvice(wrapped) ?? 'no advice', advice);
    assert.ok(setupAdvice(wrapped)?.startsWith(`${error.message} (`));
  });
}

const NOT_ADVISED: [string, unknown][] = [
  ['a slot that was invalidated', postgres('55000', 'cannot read from logical replication slot', 'X')],
  [
    'a protocol error of PostgreSQL itself',
    postgres('08P01', 'invalid frontend message type', 'SocketBackend'),
  ],
  ['a file of a table that is gone', postgres('58P01', 'could not open file "base/1/2"', 'mdopenfork')],
  ['a server that starts', postgres('57P03', 'the database system is starting up', 'X')],
  ['a server that is gone', postgres('ECONNREFUSED', 'connect ECONNREFUSED')],
  ['an error without a code', new Error('Query read timeout')],
  ['what is no error', undefined],
];

for (const [name, error] of NOT_ADVISED) {
  test(`${name} may pass by itself`, () => {
    assert.equal(setupAdvice(error), undefined);
  });
}
