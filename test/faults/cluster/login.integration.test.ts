import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import pg from 'pg';
import { type LocalPostgres, openPostgres } from '../../../dev/postgres.ts';
import { MemoryPublisher } from '../../support/memory-publisher.ts';
import { migratedDatabase } from '../../support/migrated-database.ts';
import { startRelay, untilArrived, untilStreaming } from '../../support/relay.ts';
import { type Told, untilToldAndTried } from '../support/told.ts';

interface Case {
  readonly name: string;
  /** The role, called as its database, as it is when the relay starts. */
  readonly given?: (role: string) => string;
  readonly login?: { password?: string; database?: string };
  readonly told: Told;
  readonly mend: (role: string) => string;
}

const LOGIN = `LOGIN PASSWORD 'right'`;
const grants = (role: string) =>
  `GRANT ALL ON ALL TABLES IN SCHEMA public TO ${role}; GRANT USAGE ON SCHEMA drizzle TO ${role};
   GRANT SELECT ON ALL TABLES IN SCHEMA drizzle TO ${role}`;
const CASES: readonly Case[] = [
  {
    name: 'a role without REPLICATION',
    given: (role) => `CREATE ROLE ${role} ${LOGIN}; ${grants(role)}`,
    told: '42501',
    mend: (role) => `ALTER ROLE ${role} REPLICATION`,
  },
  {
    name: 'a role without the grants',
    given: (role) => `CREATE ROLE ${role} REPLICATION ${LOGIN}`,
    told: /permission denied for table .*Roles and grants/,
    mend: grants,
  },
  {
    name: 'a wrong password',
    given: (role) => `CREATE ROLE ${role} REPLICATION ${LOGIN}; ${grants(role)}`,
    login: { password: 'other' },
    told: '28P01',
    mend: (role) => `ALTER ROLE ${role} PASSWORD 'other'`,
  },
  {
    name: 'a role that does not exist',
    told: '28000',
    mend: (role) => `CREATE ROLE ${role} LOGIN REPLICATION; ${grants(role)}`,
  },
  {
    name: 'a database that does not exist',
    given: (role) => `CREATE ROLE ${role} REPLICATION ${LOGIN}; ${grants(role)}`,
    login: { database: 'not_yet' },
    told: '3D000',
    mend: (role) => `ALTER DATABASE ${role} RENAME TO not_yet`,
  },
];
/** The role of the case that is let in without a password: with one asked for, it would be told as a wrong password. */
const TRUSTED = `case_${CASES.findIndex(({ told }) => told === '28000')}`;

describe('a login that fails is told by its code, and once it is mended the relay goes on by itself', {
  concurrency: true,
}, () => {
  let postgres: LocalPostgres;
  const run = async (database: string, sql: string) => {
    const client = new pg.Client({ connectionString: postgres.url(database) });
    await client.connect();
    await client.query(sql);
    await client.end();
  };

  before(async () => {
    postgres = await openPostgres({ settings: { fsync: 'off' } });
    await migratedDatabase(postgres, 'migrated');
    await run(
      'migrated',
      `INSERT INTO outbox (message_id, message_type, message_body) VALUES (gen_random_uuid(), 'Waiting', '{}')`,
    );
    for (const n of CASES.keys()) await run('postgres', `CREATE DATABASE case_${n} TEMPLATE migrated`);
    const access = `host all postgres,${TRUSTED} 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n`;
    await writeFile(join(postgres.dataDir, 'pg_hba.conf'), access);
    await run('postgres', 'SELECT pg_reload_conf()');
  });
  after(() => postgres.close());

  for (const [n, { name, given, login, told, mend }] of CASES.entries()) {
    test(name, async (t) => {
      const role = `case_${n}`;
      if (given) await run(role, given(role));
      const bus = new MemoryPublisher();
      const url = new URL(postgres.url(login?.database ?? role));
      Object.assign(url, { username: role, password: login?.password ?? 'right' });

      const relay = startRelay(t, { url: url.href, bus });
      await untilToldAndTried(relay, told);
      await run(login?.database ? 'postgres' : role, mend(role));

      await untilArrived(bus, 1);
      await untilStreaming(relay);
    });
  }
});
