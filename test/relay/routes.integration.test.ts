import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { LocalServiceBus } from '../../dev/service-bus/service-bus.ts';
import { buildHealthServer } from '../../relay/monitoring/health-server.ts';
import { Routing } from '../../relay/outbox/routing.ts';
import { cleanup } from '../support/cleanup.ts';
import { createDatabase } from '../support/database.ts';
import { openLog } from '../support/log-lines.ts';
import { OUTBOX } from '../support/outbox-table.ts';
import {
  createBus,
  insertEvent,
  slotOf,
  startRelay,
  untilAllMarked,
  untilArrived,
  untilStreaming,
} from '../support/relay.ts';
import { until } from '../support/until.ts';

const ROUTES = [
  { type: 'OrderCreated', destination: 'created' },
  { type: 'Order*', destination: 'lifecycle' },
];
const routing = new Routing('orders', ROUTES);

async function open(t: TestContext, sessions = false) {
  const { url, pool } = await createDatabase(t);
  const bus = await createBus(t, { sessions, others: ['created', 'lifecycle', 'elsewhere'] });
  const { log, lines } = openLog();
  const relay = startRelay(t, { url, bus, sessions, routes: ROUTES, parts: () => ({ log }) });
  await untilStreaming(relay);
  const { monitor } = relay;
  const slot = slotOf(url);
  const health = buildHealthServer({ monitor, pool, table: OUTBOX, slot, publication: 'p', routing });
  cleanup(t, () => health.close());
  const get = async (path: string) => (await health.inject(path)).json();
  return { pool, bus, relay, lines, get };
}

const arrived = ({ journal }: LocalServiceBus) =>
  journal.entries().map(({ subject, entity, body }) => `${subject} ${String(body)} at ${entity}`);

for (const sessions of [false, true]) {
  test(`the events of an order come in their order, each at its entity, ${sessions ? 'with' : 'without'} sessions`, async (t) => {
    const { pool, bus } = await open(t, sessions);
    const types = ['OrderCreated', 'OrderPaid', 'Note', 'OrderCancelled', 'OrderCreated'];

    await pool.query('BEGIN');
    for (const [n, type] of types.entries())
      await insertEvent(pool, type, { aggregateId: 'A', body: String(n) });
    await insertEvent(pool, 'OrderPaid', { aggregateId: 'A', body: '5', destination: 'elsewhere' });
    await pool.query('COMMIT');
    await untilAllMarked(pool);

    assert.deepEqual(arrived(bus), [
      'OrderCreated 0 at created',
      'OrderPaid 1 at lifecycle',
      'Note 2 at orders',
      'OrderCancelled 3 at lifecycle',
      'OrderCreated 4 at created',
      'OrderPaid 5 at elsewhere',
    ]);
  });
}

for (const kind of ['notFound', 'busy', 'unauthorized', 'quotaExceeded'] as const) {
  test(`an entity that fails (${kind}) delays only the orders that have something for it`, async (t) => {
    const { pool, bus } = await open(t);
    const fault = bus.faults.inject({ kind, entity: 'lifecycle' });

    await insertEvent(pool, 'OrderPaid', { aggregateId: 'A', body: '1' });
    await insertEvent(pool, 'OrderCreated', { aggregateId: 'A', body: '2' });
    await insertEvent(pool, 'OrderCreated', { aggregateId: 'B', body: '3' });
    await insertEvent(pool, 'Note', { body: '4' });
    await untilArrived(bus, 2);
    const before = arrived(bus);
    fault.heal();
    await untilAllMarked(pool);

    assert.deepEqual(before.toSorted(), ['Note 4 at orders', 'OrderCreated 3 at created']);
    assert.deepEqual(arrived(bus).slice(2), ['OrderPaid 1 at lifecycle', 'OrderCreated 2 at created']);
  });
}

test('an entity that is not there is told once, named by readiness and status, and gets its events once it is made', async (t) => {
  const { pool, bus, relay, lines, get } = await open(t);
  const fault = bus.faults.inject({ kind: 'notFound', entity: 'lifecycle' });
  await insertEvent(pool, 'OrderPaid', { aggregateId: 'A' });
  await until('it was tried again', () => (relay.monitor.figures.away.get('lifecycle') ?? 0) > 2);

  const { state, awayEntities, lastError } = await get('/health/ready');
  const { entity, entities } = await get('/status');
  fault.heal();
  await untilAllMarked(pool);

  assert.deepEqual([state, awayEntities], ['broker-away', ['lifecycle']]);
  assert.match(lastError.message, /lifecycle.*create the topic or queue, or correct .*SERVICEBUS_ROUTES/);
  assert.equal(entity, 'orders');
  const named = (entities as { entity: string; failedSends: number }[]).filter(
    (each) => each.failedSends > 0,
  );
  assert.deepEqual(
    named.map((each) => each.entity),
    ['lifecycle'],
  );
  const told = lines.filter(({ level, msg }) => level === 'error' && /lifecycle/.test(String(msg)));
  assert.equal(told.length, 1);
  assert.deepEqual((await get('/health/ready')).awayEntities, []);
});

test('a row whose destination can be no entity is parked', async (t) => {
  const { pool, bus, get } = await open(t);
  const id = await insertEvent(pool, 'OrderPaid', { aggregateId: 'A', destination: 'not a name' });
  await insertEvent(pool, 'OrderPaid', { aggregateId: 'B' });
  await until('it is parked', async () => {
    const { rowCount } = await pool.query('SELECT FROM outbox WHERE parked_at IS NOT NULL');
    return rowCount === 1;
  });

  const { parkedEvents } = await get('/status');
  const { rows } = await pool.query<{ error: string }>(
    'SELECT error_message AS error FROM outbox WHERE message_id = $1',
    [id],
  );

  assert.match(rows[0]?.error ?? '', /destination cannot be: "not a name" is no name of a topic or queue/);
  assert.deepEqual(parkedEvents.parkedByEntity, { 'not a name': 1 });
  await untilArrived(bus, 1);
});
