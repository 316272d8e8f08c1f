import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { LocalServiceBus } from '../../dev/service-bus/service-bus.ts';
import { chooseSystem } from '../../examples/choose-system.ts';
import { checkDelivery } from '../faults/support/delivery.ts';
import { type Load, startLoad } from '../faults/support/load.ts';
import { createBus } from '../support/relay.ts';
import { cancelOrder, createStack, postOrder, type TestStack } from '../support/stack.ts';
import { until } from '../support/until.ts';

const NAMES = ['eu', 'us', 'ap'] as const;
type Name = (typeof NAMES)[number];
const CUSTOMERS = Array.from({ length: 12 }, (_, n) => `cust-${n}`);
const WRITTEN_ORDERS = Array.from({ length: 12 }, (_, n) => `order-${n}`);

interface System {
  readonly name: Name;
  readonly stack: TestStack;
  readonly load: Load;
  /** SIGKILL, and at once the next one. */
  readonly replaceRelay: () => Promise<void>;
}

test('three systems on one namespace: nothing is lost, each order is at one of them and in order, and what fails at one stops no other', async (t) => {
  const bus = await createBus(t);
  const systems = await Promise.all(NAMES.map((name) => startSystem(t, name, bus)));
  const systemOf = (customer: string) =>
    systems.find(({ name }) => name === chooseSystem(customer, NAMES)) as System;
  const othersDeliver = (down: Name) =>
    untilDelivered(
      bus,
      NAMES.filter((name) => name !== down),
    );
  const orders: { customer: string; orderId: string }[] = [];
  for (const customer of CUSTOMERS) {
    const { status, orderId } = await postOrder(systemOf(customer).stack, customer);
    assert.equal(status, 201);
    orders.push({ customer, orderId });
  }
  await untilDelivered(bus, NAMES);

  for (const { name, replaceRelay } of systems) {
    await replaceRelay();
    await othersDeliver(name);
  }
  for (const { name, stack } of systems) {
    await stack.postgres.stop('kill');
    await othersDeliver(name);
    await stack.postgres.start();
  }
  const away = bus.faults.inject({ kind: 'refuseConnections' });
  bus.faults.inject({ kind: 'closeIdle' }).heal();
  await Promise.all(systems.map(({ replaceRelay }) => replaceRelay()));
  for (const { load } of systems) await load.more(20);
  away.heal();
  await untilDelivered(bus, NAMES);
  for (const { customer, orderId } of orders) {
    const { stack } = systemOf(customer);
    await until(`${orderId} is cancelled`, async () => (await cancelOrder(stack, orderId)) === 200);
  }
  for (const { load } of systems) await load.stop();

  const repeats = await checkDelivery(
    systems.map(({ stack }) => stack.db),
    bus,
  );
  let counted = 0;
  for (const { name, stack, load } of systems) {
    const { rows } = await stack.db.query<{ id: string; key: string }>(
      `SELECT message_id::text AS id, coalesce(message_body ->> 'customerId', aggregate_id) AS key FROM outbox`,
    );
    assert.ok(new Set(load.committed.keys()).isSubsetOf(new Set(rows.map(({ id }) => id))), name);
    for (const { key } of rows) assert.equal(chooseSystem(key, NAMES), name, key);
    counted += rows.length;
  }
  assert.equal(new Set(bus.journal.entries().map(({ messageId }) => messageId)).size, counted);
  for (const { customer, orderId } of orders) {
    for (const system of systems) {
      const found = await seenInConsole(system.stack, orderId);
      assert.deepEqual(
        found.toSorted(),
        system === systemOf(customer) ? ['OrderCancelled', 'OrderCreated'] : [],
        `${orderId} in the console of ${system.name}`,
      );
    }
  }
  t.diagnostic(`${counted} events, ${repeats.length} came again`);
});

async function startSystem(t: TestContext, name: Name, bus: LocalServiceBus): Promise<System> {
  const stack = await createStack(t, { bus });
  const api = stack.startApi();
  let relay = stack.startRelay();
  await api.ready(`${stack.apiUrl}/health/ready`);
  await relay.ready(`${stack.relayUrl}/health/ready`);
  const orders = WRITTEN_ORDERS.filter((order) => chooseSystem(order, NAMES) === name);
  return {
    name,
    stack,
    load: startLoad(t, stack.databaseUrl, { orders, everyMs: 40 }),
    replaceRelay: async () => {
      assert.equal(await relay.stop('SIGKILL'), 'SIGKILL');
      relay = stack.startRelay();
    },
  };
}

/** Waits until the broker has something new of each writer at these systems. */
async function untilDelivered(bus: LocalServiceBus, names: readonly Name[]): Promise<void> {
  const since = bus.journal.total;
  const awaited = new Set(
    WRITTEN_ORDERS.filter((order) => names.includes(chooseSystem(order, NAMES) as Name)),
  );
  await until(`${names.join(' and ')} deliver`, () => {
    const arrived = bus.journal.entries(since + 1).map(({ applicationProperties }) => applicationProperties);
    return awaited.isSubsetOf(new Set(arrived.map(({ aggregateId }) => aggregateId)));
  });
}

/** The types of the events of this order that the console of this system knows. */
async function seenInConsole(stack: TestStack, orderId: string): Promise<string[]> {
  const response = await fetch(`${stack.relayUrl}/console/messages?find=${orderId}`);
  const { messages } = (await response.json()) as { messages: { messageType: string }[] };
  return messages.map(({ messageType }) => messageType);
}
