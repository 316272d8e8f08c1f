import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { insertEvent, untilAllMarked } from '../support/relay.ts';
import { createStack, postOrder, receiveAll, type TestStack } from '../support/stack.ts';
import { until } from '../support/until.ts';

async function relayStatus(
  stack: TestStack,
): Promise<Record<string, unknown> & { ready: boolean; state: string }> {
  const response = await fetch(`${stack.relayUrl}/status`);
  return (await response.json()) as Record<string, unknown> & { ready: boolean; state: string };
}

async function untilState(stack: TestStack, state: string): Promise<void> {
  await until(
    `the relay is ${state}`,
    async () => (await relayStatus(stack).catch(() => undefined))?.state === state,
  );
}

async function readiness(url: string): Promise<number | undefined> {
  const response = await fetch(`${url}/health/ready`).catch(() => undefined);
  await response?.body?.cancel();
  return response?.status;
}

describe('what is away, and comes back', { concurrency: 3 }, () => {
  test('api and relay start in either order, and an order posted before the relay exists is published', async (t) => {
    const stack = await createStack(t);
    const api = stack.startApi();
    await api.ready(`${stack.apiUrl}/health/ready`);
    const received = receiveAll(t, stack);

    const first = await postOrder(stack);
    const relay = stack.startRelay();
    await until('the first order arrives', () => received.messages.length === 1);
    await api.stop();
    const second = stack.startApi();
    await second.ready(`${stack.apiUrl}/health/ready`);
    const later = await postOrder(stack);
    await until('the second order arrives', () => received.messages.length === 2);

    assert.deepEqual([first.status, later.status], [201, 201]);
    assert.deepEqual(
      received.messages.map(({ applicationProperties }) => applicationProperties?.['aggregateId']),
      [first.orderId, later.orderId],
    );
    assert.equal(await relay.stop(), 0);
  });

  test('a broker that is away at the first start is waited for before there is a slot', async (t) => {
    const stack = await createStack(t);
    const away = stack.bus.faults.inject({ kind: 'refuseConnections' });
    const relay = stack.startRelay();
    await untilState(stack, 'broker-away');

    await insertEvent(stack.db, 'Patient');
    const { rows } = await stack.db.query('SELECT FROM pg_replication_slots');
    assert.equal(rows.length, 0);
    assert.equal(await readiness(stack.relayUrl), 503);
    away.heal();
    await untilAllMarked(stack.db);

    assert.equal(stack.bus.journal.total, 1);
    await until('the relay is ready', async () => (await readiness(stack.relayUrl)) === 200);
    assert.equal(await relay.stop(), 0);
  });

  test('a broker that is away at a later start is waited for, and the rows say so', async (t) => {
    const stack = await createStack(t);
    const first = stack.startRelay();
    await untilState(stack, 'streaming');
    assert.equal(await first.stop(), 0);
    const away = stack.bus.faults.inject({ kind: 'refuseConnections' });
    const relay = stack.startRelay();
    await untilState(stack, 'streaming');

    await insertEvent(stack.db, 'Patient');
    await until('the row tells of failed sends', async () => {
      const { rowCount } = await stack.db.query(
        'SELECT FROM outbox WHERE retry_count >= 2 AND error_message IS NOT NULL',
      );
      return rowCount === 1;
    });
    assert.equal(await readiness(stack.relayUrl), 503);
    away.heal();
    await untilAllMarked(stack.db);

    assert.equal(stack.bus.journal.total, 1);
    await until('the relay is ready', async () => (await readiness(stack.relayUrl)) === 200);
    assert.equal(await relay.stop(), 0);
  });

  test('PostgreSQL away at the start and later is waited for by both processes, and nothing is lost or repeated', async (t) => {
    const stack = await createStack(t);
    await stack.postgres.stop();
    const api = stack.startApi();
    const relay = stack.startRelay();
    await until('both are up and not ready', async () => {
      return (await readiness(stack.apiUrl)) === 503 && (await readiness(stack.relayUrl)) === 503;
    });

    await stack.postgres.start();
    await Promise.all([
      api.ready(`${stack.apiUrl}/health/ready`),
      relay.ready(`${stack.relayUrl}/health/ready`),
    ]);
    assert.equal((await postOrder(stack)).status, 201);
    await until('the order is published', () => stack.bus.journal.total === 1);
    for (const mode of ['kill', 'immediate', 'fast'] as const) {
      await stack.postgres.stop(mode);
      assert.equal((await postOrder(stack)).status, 503);
      await stack.postgres.start();
      await until('orders are taken again', async () => (await postOrder(stack)).status === 201);
    }
    await untilAllMarked(stack.db);

    assert.equal(stack.bus.journal.total, 4);
    assert.equal(stack.bus.journal.duplicates, 0);
    assert.equal(await relay.stop(), 0);
    assert.equal(await api.stop(), 0);
  });

  test('PostgreSQL stops when it is asked to, although an event is in flight and cannot be marked any more', async (t) => {
    const stack = await createStack(t);
    const relay = stack.startRelay();
    await relay.ready(`${stack.relayUrl}/health/ready`);
    const slow = stack.bus.faults.inject({ kind: 'latency', delayMs: 2_000 });
    await insertEvent(stack.db, 'InFlight');
    await until('the broker has it, and has not said so', () => stack.bus.journal.total === 1);

    let stopped = false;
    void stack.postgres.stop('fast').then(() => {
      stopped = true;
    });
    await until('PostgreSQL has stopped', () => stopped);
    slow.heal();
    await stack.postgres.start();
    await untilAllMarked(stack.db);

    assert.equal(stack.bus.journal.total, 1);
    assert.equal(await relay.stop(), 0);
  });

  test('a relay that is stopped under load repeats nothing when it goes on', async (t) => {
    const stack = await createStack(t);
    let relay = stack.startRelay();
    await relay.ready(`${stack.relayUrl}/health/ready`);
    let writing = true;
    const writer = (async () => {
      let written = 0;
      for (; writing; written++) await insertEvent(stack.db, 'Event', { aggregateId: `o${written % 7}` });
      return written;
    })();

    for (let round = 1; round <= 5; round++) {
      const before = stack.bus.journal.total;
      await until('it has been at work', () => stack.bus.journal.total >= before + 50);
      assert.equal(await relay.stop(), 0);
      relay = stack.startRelay();
    }
    writing = false;
    const written = await writer;
    await untilAllMarked(stack.db);

    assert.equal(stack.bus.journal.total, written);
    assert.equal(stack.bus.journal.duplicates, 0);
  });

  test('a process whose database is not migrated says which command to run and exits with 1', async (t) => {
    const stack = await createStack(t);
    await stack.db.query(
      'DELETE FROM drizzle.__drizzle_migrations; ALTER TABLE outbox DROP COLUMN deferred_at CASCADE',
    );

    for (const process of [stack.startApi(), stack.startRelay()]) {
      assert.equal(await process.exited, 1);
      assert.match(process.lines.join('\n'), /npm run db:migrate/, process.name);
    }
  });

  test('a relay with a bad configuration names every bad variable at once and exits with 78', async (t) => {
    const stack = await createStack(t);

    const relay = stack.startRelay({
      DATABASE_URL: 'mysql://elsewhere',
      RELAY_PORT: 'many',
      SERVICEBUS_CONNECTION_STRING: '',
      RELAY_SLOT: 'No Slot',
    });

    assert.equal(await relay.exited, 78);
    const written = relay.lines.join('\n');
    for (const name of [
      'DATABASE_URL',
      'RELAY_PORT',
      'SERVICEBUS_CONNECTION_STRING',
      'SERVICEBUS_NAMESPACE',
      'RELAY_SLOT',
    ]) {
      assert.match(written, new RegExp(`\\b${name}: `), written);
    }
  });
});
