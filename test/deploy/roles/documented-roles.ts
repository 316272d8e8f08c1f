import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { openPostgres } from '../../../dev/postgres.ts';
import { cleanup, type Scope } from '../../support/cleanup.ts';
import { openPool } from '../../support/cluster.ts';
import { sqlBlock } from '../../support/documents.ts';
import { forSuite } from '../../support/for-suite.ts';

// The SQL of the documents itself, on a cluster of its own, because roles belong to a cluster and not to a database.

/** What PostgreSQL refuses with what a role may not do. */
export const DENIED = { code: '42501' };

export interface DocumentedRoles {
  readonly admin: pg.Pool;
  readonly migrator: pg.Pool;
  readonly api: pg.Pool;
  readonly relay: pg.Pool;
  readonly inbox: pg.Pool;
  readonly urlOf: (role: string) => string;
  /** Returns the message id of what the api's role has put into the outbox. */
  readonly insertEvent: () => Promise<string>;
}

/** A migrated database with these roles and grants; there once the tests of the file run, closed after them. */
export function documentedRoles(): DocumentedRoles {
  return forSuite(open);
}

async function open(scope: Scope): Promise<DocumentedRoles> {
  const server = await openPostgres();
  cleanup(scope, () => server.close());
  const urlOf = (role: string) => Object.assign(new URL(server.url('orders')), { username: role }).href;
  const first = new pg.Client({ connectionString: server.url('postgres') });
  await first.connect();
  await first.query('CREATE DATABASE orders');
  await first.end();
  const admin = openPool(scope, urlOf('postgres'));
  await admin.query(sqlBlock('roles'));
  await admin.query(sqlBlock('inbox-role'));
  const migrate = spawnSync('npm', ['run', '--silent', 'db:migrate'], {
    env: { ...process.env, DATABASE_URL: urlOf('order_migrator') },
    encoding: 'utf8',
    shell: process.platform === 'win32',
  });
  assert.equal(migrate.status, 0, migrate.stdout + migrate.stderr);
  const migrator = openPool(scope, urlOf('order_migrator'));
  await migrator.query(sqlBlock('grants'));
  await migrator.query(sqlBlock('inbox-grants'));
  const api = openPool(scope, urlOf('order_api'));
  const relay = openPool(scope, urlOf('order_relay'));
  const inbox = openPool(scope, urlOf('order_inbox'));
  const insertEvent = async () => {
    const messageId = randomUUID();
    await api.query("INSERT INTO outbox (message_id, message_type, message_body) VALUES ($1, 'Ping', '{}')", [
      messageId,
    ]);
    return messageId;
  };
  return { admin, migrator, api, relay, inbox, urlOf, insertEvent };
}
