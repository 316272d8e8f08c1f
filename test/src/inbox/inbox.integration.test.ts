import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import pg from 'pg';
import type { HandleMessage, Settlement } from '../../../src/inbox/settlement.ts';
import { cleanup } from '../../support/cleanup.ts';
import { createDatabase, EMPTY } from '../../support/database.ts';
import {
  createInventoryBus,
  INVENTORY,
  insufficient,
  publish,
  startInbox,
  type TestInbox,
} from '../../support/inbox.ts';
import { until } from '../../support/until.ts';

const COMPLETE: Settlement = { kind: 'complete' };
const completes: HandleMessage = async () => COMPLETE;

const untilReady = ({ monitor }: TestInbox) => until('the inbox is ready', () => monitor.isReady);
const untilState = ({ monitor }: TestInbox, state: string) =>
  until(`the inbox is ${state}`, () => monitor.state === state);

/** What keeps everybody out of a database, and lets them in again. */
async function doorOf(t: TestContext, name: string) {
  const server = new pg.Client({ connectionString: process.env['TEST_POSTGRES_URL'] });
  await server.connect();
  cleanup(t, () => server.end());
  return {
    close: async () => {
      await server.query(`ALTER DATABASE ${name} ALLOW_CONNECTIONS false`);
      await server.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1', [name]);
    },
    open: () => server.query(`ALTER DATABASE ${name} ALLOW_CONNECTIONS true`),
  };
}

test('a database without the schema ends it', async (t) => {
  const [{ url }, bus] = await Promise.all([createDatabase(t, EMPTY), createInventoryBus(t)]);

  const inbox = startInbox(t, { url, bus, handle: completes });

  await assert.rejects(inbox.running, { code: 'SCHEMA_BEHIND' });
});

test('a database that is away at the start, and later, is waited for', async (t) => {
  const [{ url, name }, bus] = await Promise.all([createDatabase(t), createInventoryBus(t)]);
  const door = await doorOf(t, name);
  await door.close();
  await publish(bus, 'inventory', [insufficient('o1')]);

  const inbox = startInbox(t, { url, bus, handle: completes });
  await untilState(inbox, 'connecting');
  const { received } = inbox.monitor.of(INVENTORY);
  await door.open();
  await untilReady(inbox);
  await until('the message is handled', () => inbox.monitor.of(INVENTORY).received === 1);
  await door.close();
  await untilState(inbox, 'database-away');
  const { isReady, blocked, waiting, lastError } = inbox.monitor;
  await door.open();
  await untilReady(inbox);

  assert.equal(received, 0, 'nothing is received without a database');
  assert.match(lastError?.message ?? 'nothing', /terminating connection|not currently accepting connections/);
  assert.deepEqual([isReady, blocked?.by, waiting], [false, 'database', undefined]);
});

test('a broker that is away at the start, and later, is waited for', async (t) => {
  const [{ url }, bus] = await Promise.all([createDatabase(t), createInventoryBus(t)]);
  const first = bus.faults.inject({ kind: 'refuseConnections' });

  const inbox = startInbox(t, { url, bus, handle: completes });
  await untilState(inbox, 'broker-away');
  const early = inbox.monitor.lastError;
  first.heal();
  await untilReady(inbox);
  const second = bus.faults.inject({ kind: 'refuseConnections' });
  bus.faults.inject({ kind: 'closeIdle' });
  await untilState(inbox, 'broker-away');
  second.heal();
  await untilReady(inbox);
  await publish(bus, 'inventory', [insufficient('o1')]);
  await until('the message is handled', () => inbox.monitor.of(INVENTORY).received === 1);

  assert.equal(early?.isOver, false);
  assert.equal(inbox.monitor.lastError?.isOver, true);
});

test('it is not ready before the broker has answered', async (t) => {
  const [{ url }, bus] = await Promise.all([createDatabase(t), createInventoryBus(t)]);
  const frozen = bus.faults.inject({ kind: 'freeze' });

  const inbox = startInbox(t, { url, bus, handle: completes });
  await until('it begins to receive', () => inbox.monitor.phase === 'receiving');
  const { state, isReady } = inbox.monitor;
  frozen.heal();
  await untilReady(inbox);

  assert.deepEqual([state, isReady], ['connecting', false]);
});

test('an entity that is not there makes it not ready, and says what to do', async (t) => {
  const [{ url }, bus] = await Promise.all([createDatabase(t), createInventoryBus(t)]);
  bus.faults.inject({ kind: 'notFound', entity: 'inventory/Subscriptions/order-service' });

  const inbox = startInbox(t, { url, bus, handle: completes });
  await untilState(inbox, 'broker-away');

  assert.match(inbox.monitor.lastError?.message ?? '', /correct INBOX_SUBSCRIPTIONS/);
});

test('a message that is in hand for too long makes it not ready, until it moves', async (t) => {
  const [{ url }, bus] = await Promise.all([createDatabase(t), createInventoryBus(t)]);
  const { promise, resolve } = Promise.withResolvers<Settlement>();
  const inbox = startInbox(t, { url, bus, handle: () => promise, stalledAfterMs: 100 });
  await untilReady(inbox);

  await publish(bus, 'inventory', [insufficient('o1', 'stuck')]);
  const blocked = await until('it is blocked', () => inbox.monitor.blocked);
  const { isReady } = inbox.monitor;
  resolve(COMPLETE);
  await untilReady(inbox);

  assert.deepEqual(
    [blocked.by, blocked.consumer, blocked.messageId, isReady],
    ['in-hand', INVENTORY, 'stuck', false],
  );
});

test('what is released again and again makes it not ready, until it gets through', async (t) => {
  const [{ url }, bus] = await Promise.all([createDatabase(t), createInventoryBus(t)]);
  let isWell = false;
  const handle: HandleMessage = async () => (isWell ? COMPLETE : { kind: 'release', afterMs: 1 });
  const inbox = startInbox(t, { url, bus, handle });
  await untilReady(inbox);

  await publish(bus, 'inventory', [insufficient('o1')]);
  const blocked = await until('it is blocked', () => inbox.monitor.blocked);
  isWell = true;
  await untilReady(inbox);

  assert.equal(blocked.by, 'released');
});

test('rows that wait for a person are counted, and do not make it not ready', async (t) => {
  const [{ url, pool }, bus] = await Promise.all([createDatabase(t), createInventoryBus(t)]);
  await pool.query(
    `INSERT INTO inbox (consumer, message_id, message_type, processed_at)
     VALUES ($1, 'm1', 'T', NULL), ($1, 'm2', 'T', NULL), ($1, 'm3', 'T', now())`,
    [INVENTORY],
  );

  const inbox = startInbox(t, { url, bus, handle: completes });
  await untilReady(inbox);
  const waiting = await until('they are counted', () => inbox.monitor.waiting);

  assert.deepEqual([...waiting], [[INVENTORY, 2]]);
});

test('asked to stop it finishes what is in hand, takes nothing more and is stopped', async (t) => {
  const [{ url }, bus] = await Promise.all([createDatabase(t), createInventoryBus(t)]);
  const { promise, resolve } = Promise.withResolvers<Settlement>();
  const inbox = startInbox(t, { url, bus, handle: () => promise });
  await publish(bus, 'inventory', [insufficient('o1')]);
  await until('the message is in hand', () => inbox.monitor.of(INVENTORY).inHand === 1);

  const stopped = inbox.stop();
  await untilState(inbox, 'draining');
  await publish(bus, 'inventory', [insufficient('o2')]);
  resolve(COMPLETE);
  await stopped;

  assert.deepEqual([inbox.monitor.state, inbox.monitor.of(INVENTORY).received], ['stopped', 1]);
});
