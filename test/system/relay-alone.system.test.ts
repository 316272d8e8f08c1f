import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type pg from 'pg';
import { freePort } from '../../dev/free-port.ts';
import { startService } from '../../dev/managed-process.ts';
import type { LocalServiceBus } from '../../dev/service-bus/service-bus.ts';
import { cleanup } from '../support/cleanup.ts';
import { openCluster, openPool } from '../support/cluster.ts';
import { document } from '../support/documents.ts';
import { runOutboxIn } from '../support/outbox-command.ts';
import { arrivals, createBus, untilArrived } from '../support/relay.ts';
import { until } from '../support/until.ts';

// docs/relay-alone.md itself, its SQL and its settings, on a database that knows nothing of orders and where public is empty.

const blocks = document('docs/relay-alone.md').blocks;
const SETTINGS = settingsOf(blocks.filter(({ language }) => language === 'bash')[1]?.text ?? '');

for (const rowSecurity of ['off', 'on'] as const) {
  test(`with row-level security ${rowSecurity}, what another application inserts arrives, also after a kill`, async (t) => {
    const { owner, bus, startRelay, ready, untilMarked } = await setUp(t, rowSecurity);
    await owner.query(sqlBlock('relay-writer'));
    const relay = await startRelay();
    await untilArrived(bus, 1);
    await insert(owner, 'Second', 'inv-7');
    await untilArrived(bus, 2);
    await untilMarked();

    await relay.stop('SIGKILL');
    await insert(owner, 'Third', 'inv-7');
    await startRelay();
    await untilArrived(bus, 3);
    await untilMarked();

    assert.deepEqual(arrivals(bus), [
      ['InvoicePaid', '{"amount": 19.99, "invoiceId": "inv-7"}'],
      ['Second', '{}'],
      ['Third', '{}'],
    ]);
    assert.equal((await ready()).status, 200);
  });
}

test('parked messages of its table are listed, sent again and dropped', async (t) => {
  const { owner, bus, startRelay, outbox } = await setUp(t, 'on');
  await startRelay();
  const smaller = bus.faults.inject({ kind: 'sizeExceeded' });
  const [retried, dropped] = [await insert(owner, 'Retried', 'a'), await insert(owner, 'Dropped', 'b')];
  const parked = async () =>
    JSON.parse((await outbox('list', '--json')).stdout).parked.map(
      ({ messageId }: { messageId: string }) => messageId,
    );
  await until('both are parked', async () => (await parked()).length === 2);
  await insert(owner, 'Behind', 'b');
  smaller.heal();

  assert.equal((await outbox('retry', retried)).code, 0);
  assert.equal((await outbox('drop', dropped, '--reason', 'sent by hand')).code, 0);

  await untilArrived(bus, 2);
  assert.deepEqual(
    arrivals(bus)
      .map(([subject]) => subject)
      .sort(),
    ['Behind', 'Retried'],
  );
  assert.deepEqual(await parked(), []);
  assert.match((await outbox('show', dropped)).stdout, /^state +dropped\n/);
});

test('a table that is not there ends the relay with its name and the way out', async (t) => {
  const { startRelay } = await setUp(t, 'off');

  await assert.rejects(
    startRelay({ OUTBOX_TABLE: 'billing.outbx' }),
    /has ended with 1.*The table billing\.outbx does not exist.*npm run outbox -- init/s,
  );
  await assert.rejects(
    startRelay({ OUTBOX_TABLE: 'billing.out-box' }),
    /has ended with 78.*OUTBOX_TABLE: bad value; it must be table or schema\.table/s,
  );
});

async function setUp(t: TestContext, rowSecurity: 'off' | 'on') {
  const postgres = await openCluster(t);
  const admin = openPool(t, postgres.url('postgres'));
  await admin.query(`CREATE ROLE billing LOGIN PASSWORD 'change-me'`);
  await admin.query('CREATE DATABASE billing TEMPLATE template0 OWNER billing');
  await admin.query(sqlBlock('relay-role'));
  if (rowSecurity === 'on') await admin.query(sqlBlock('relay-row-security'));
  const urlOf = (role: string) => Object.assign(new URL(postgres.url('billing')), { username: role }).href;
  const owner = openPool(t, urlOf('billing'));
  await owner.query(`
    CREATE SCHEMA billing;
    CREATE TABLE billing.invoices (invoice_id text PRIMARY KEY, paid_at timestamptz);
    INSERT INTO billing.invoices VALUES ('inv-7')`);
  const names = { OUTBOX_TABLE: SETTINGS['OUTBOX_TABLE'] ?? '' };
  const init = ['init', '--role', 'billing_relay', '--apply'];
  assert.equal((await runOutboxIn({ DATABASE_URL: urlOf('billing'), ...names }, ...init)).code, 0);
  if (rowSecurity === 'on') {
    await owner.query(`
      ALTER TABLE billing.outbox ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
      CREATE POLICY own_rows ON billing.outbox TO billing USING (true)`);
  }

  const bus = await createBus(t);
  const port = await freePort();
  const settings = {
    ...SETTINGS,
    DATABASE_URL: urlOf('billing_relay'),
    SERVICEBUS_CONNECTION_STRING: bus.connectionString,
    SERVICEBUS_ENTITY: 'orders',
  };
  return {
    owner,
    bus: bus as LocalServiceBus,
    outbox: (...args: string[]) => runOutboxIn(settings, ...args),
    ready: () => fetch(`http://127.0.0.1:${port}/health/ready`),
    async startRelay(env: Record<string, string> = {}) {
      const at = { RELAY_HOST: '127.0.0.1', RELAY_PORT: String(port) };
      const relay = startService('relay', { ...settings, ...at, ...env });
      cleanup(t, () => relay.stop());
      await relay.ready(`http://127.0.0.1:${port}/health/ready`);
      return relay;
    },
    untilMarked: () =>
      until('every row is marked', async () => {
        const { rowCount } = await owner.query('SELECT FROM billing.outbox WHERE processed_at IS NULL');
        return rowCount === 0;
      }),
  };
}

async function insert(owner: pg.Pool, type: string, aggregateId: string): Promise<string> {
  const { rows } = await owner.query<{ id: string }>(
    `INSERT INTO billing.outbox (message_id, message_type, message_body, aggregate_id)
     VALUES (gen_random_uuid(), $1, '{}', $2) RETURNING message_id::text AS id`,
    [type, aggregateId],
  );
  return rows[0]?.id ?? '';
}

function sqlBlock(name: string): string {
  return blocks.find(({ language }) => language === `sql ${name}`)?.text ?? assert.fail(`no block ${name}`);
}

/** What a block of shell exports. */
function settingsOf(text: string): Record<string, string> {
  return Object.fromEntries(
    [...text.matchAll(/^export (\w+)='?([^'\n]*)'?$/gm)].map(([, name = '', value = '']) => [name, value]),
  );
}
