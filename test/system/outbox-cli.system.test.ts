import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LocalServiceBus } from '../../dev/service-bus/service-bus.ts';
import { createDatabase } from '../support/database.ts';
import { runOutbox } from '../support/outbox-command.ts';
import {
  arrivals,
  connect,
  createBus,
  insertEvent,
  startRelay,
  untilAllMarked,
  untilArrived,
  untilStreaming,
} from '../support/relay.ts';
import { createStack } from '../support/stack.ts';
import { until } from '../support/until.ts';

const TOO_LARGE = JSON.stringify({ text: 'x'.repeat(300_000) });
const EVER = ['--from', '2000-01-01T00:00:00Z', '--to', '2100-01-01T00:00:00Z'];

test('what is parked is listed, and after a retry it and what waited for it arrive in order', async (t) => {
  const { url, pool } = await createDatabase(t);
  const bus = await createBus(t);
  await untilStreaming(startRelay(t, { url, bus }));
  const smaller = bus.faults.inject({ kind: 'sizeExceeded' });
  const id = await insertEvent(pool, 'First', { aggregateId: 'o1' });
  await until('it is parked', async () => (await parkedIds(url)).includes(id));
  smaller.heal();
  await insertEvent(pool, 'Second', { aggregateId: 'o1' });
  await insertEvent(pool, 'Other', { aggregateId: 'o2' });
  await untilArrived(bus, 1);
  await until('the second waits', async () => (await runOutbox(url, 'list')).stdout.includes(' 1  '));

  const { code } = await runOutbox(url, 'retry', id);

  assert.equal(code, 0);
  await insertEvent(pool, 'Third', { aggregateId: 'o1' });
  await untilArrived(bus, 4);
  assert.deepEqual(subjects(bus), ['Other', 'First', 'Second', 'Third']);
  await untilAllMarked(pool);
  assert.match((await runOutbox(url, 'list')).stdout, /^Nothing is parked\.\n\nNothing else is unsettled\./);
});

test('what still cannot pass is parked again, and once it is dropped its order flows', async (t) => {
  const { url, pool } = await createDatabase(t);
  const bus = await createBus(t);
  const relay = startRelay(t, { url, bus });
  await untilStreaming(relay);
  const id = await insertEvent(pool, 'TooLarge', { aggregateId: 'o1', body: TOO_LARGE });
  await insertEvent(pool, 'Behind', { aggregateId: 'o1' });
  await until('it is parked', async () => (await parkedIds(url)).includes(id));

  await runOutbox(url, 'retry', id);
  await until('it is parked again', () => relay.monitor.counts.parked === 2);
  assert.deepEqual(await parkedIds(url), [id]);

  const { code } = await runOutbox(url, 'drop', id, '--reason', 'sent by hand');
  assert.equal(code, 0);
  await untilArrived(bus, 1);
  await insertEvent(pool, 'Later', { aggregateId: 'o1' });
  await untilArrived(bus, 2);
  assert.deepEqual(subjects(bus), ['Behind', 'Later']);
  const shown = (await runOutbox(url, 'show', id)).stdout;
  assert.match(shown, /^state +dropped\n/);
  assert.match(shown, /errorMessage +dropped: sent by hand; before: .*too large/i);
});

test('a retry with no relay running is heard by the next one', async (t) => {
  const { url, pool } = await createDatabase(t);
  const bus = await createBus(t);
  const smaller = bus.faults.inject({ kind: 'sizeExceeded' });
  const first = startRelay(t, { url, bus });
  const id = await insertEvent(pool, 'First', { aggregateId: 'o1' });
  await until('it is parked', async () => (await parkedIds(url)).includes(id));
  await first.stop();
  smaller.heal();

  await runOutbox(url, 'retry', id);
  await insertEvent(pool, 'Second', { aggregateId: 'o1' });
  startRelay(t, { url, bus });

  await untilArrived(bus, 2);
  assert.deepEqual(subjects(bus), ['First', 'Second']);
});

for (const running of [true, false]) {
  test(`a replay fills an empty namespace, each order as it was, ${running ? 'while the relay runs' : 'before the relay starts'}`, async (t) => {
    const { url, pool } = await createDatabase(t);
    const lost = await createBus(t);
    const relay = startRelay(t, { url, bus: lost });
    for (let n = 0; n < 30; n++)
      await insertEvent(pool, `E${n}`, { aggregateId: `o${n % 3}`, body: `{"n":${n}}` });
    await untilArrived(lost, 30);
    await relay.stop();
    const bus = await createBus(t);
    if (running) await untilStreaming(startRelay(t, { url, bus }));

    assert.match((await runOutbox(url, 'replay', ...EVER, '--dry-run')).stdout, /^30 messages would be/);
    assert.equal((await runOutbox(url, 'replay', ...EVER)).code, 0);
    if (!running) startRelay(t, { url, bus });

    await untilArrived(bus, 30);
    await untilAllMarked(pool);
    for (const order of ['o0', 'o1', 'o2']) assert.deepEqual(sentOf(bus, order), sentOf(lost, order));
    assert.equal(bus.journal.total, 30);
  });
}

test('a replay is not forgotten when the relay that has heard of it is killed before it has settled the table', async (t) => {
  const stack = await createStack(t);
  const relay = stack.startRelay();
  await relay.ready(`${stack.relayUrl}/health/ready`);
  await insertEvent(stack.db, 'Event');
  await untilAllMarked(stack.db);
  // As long as somebody else is making the slot, this relay cannot.
  const other = await connect(t, stack.databaseUrl);
  await other.query(`SELECT pg_advisory_lock(hashtextextended('order-service relay slot order_outbox', 0))`);

  await runOutbox(stack.databaseUrl, 'replay', ...EVER);
  await until('the relay has heard of it', () =>
    relay.lines.some((line) => line.includes('an operator has asked for it')),
  );
  await relay.stop('SIGKILL');
  await other.end();
  stack.startRelay();

  // The entity detects duplicates, and tells that it was sent again in this way.
  await until('it is sent again', () => stack.bus.journal.duplicates === 1);
  await untilAllMarked(stack.db);
});

async function parkedIds(url: string): Promise<string[]> {
  const { stdout } = await runOutbox(url, 'list', '--json');
  return JSON.parse(stdout).parked.map(({ messageId }: { messageId: string }) => messageId);
}

const subjects = (bus: LocalServiceBus) => arrivals(bus).map(([subject]) => subject);

/** What the broker took of an order: ids and bodies, in the order of arrival. */
function sentOf(bus: LocalServiceBus, order: string): [unknown, string][] {
  return bus.journal
    .entries()
    .filter(({ applicationProperties }) => applicationProperties?.['aggregateId'] === order)
    .map(({ messageId, body }) => [messageId, body.toString()]);
}
