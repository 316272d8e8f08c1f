import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sqlBlock } from '../../support/documents.ts';
import { documentedRoles } from './documented-roles.ts';

const roles = documentedRoles();

test('no role of the system is a superuser, and the relay alone may replicate', async () => {
  const { rows } = await roles.admin.query(
    `SELECT rolname AS name, rolreplication AS replicates FROM pg_roles
     WHERE rolname LIKE 'order\\_%' AND NOT rolsuper AND NOT rolbypassrls AND NOT rolcreaterole ORDER BY 1`,
  );

  assert.deepEqual(rows, [
    { name: 'order_api', replicates: false },
    { name: 'order_inbox', replicates: false },
    { name: 'order_migrator', replicates: false },
    { name: 'order_relay', replicates: true },
  ]);
});

test('the grants can be run again, and the next migration can be applied', async () => {
  const notices: (string | undefined)[] = [];
  const client = await roles.migrator.connect();
  client.on('notice', ({ message }) => notices.push(message));
  await client.query(sqlBlock('grants'));
  await client.query(sqlBlock('inbox-grants'));
  client.release();
  assert.deepEqual(notices, [], 'PostgreSQL warns of what it could not grant');

  await roles.migrator.query('ALTER TABLE outbox ADD COLUMN of_the_next_release text');
  await roles.migrator.query('ALTER TABLE outbox DROP COLUMN of_the_next_release');
  await roles.migrator.query('ALTER PUBLICATION order_outbox SET TABLE outbox');
});
