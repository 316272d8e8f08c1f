import type { TestContext } from 'node:test';
import { collectMetrics } from '../../relay/monitoring/metrics.ts';
import { Routing } from '../../relay/outbox/routing.ts';
import { InboxMonitor } from '../../src/inbox/monitoring/inbox-monitor.ts';
import { collectMetrics as collectInboxMetrics } from '../../src/inbox/monitoring/metrics.ts';
import { openApp } from './app.ts';
import { createDatabase } from './database.ts';
import { tutorialOrder } from './orders.ts';
import { OUTBOX } from './outbox-table.ts';
import { receivedMessage } from './received-message.ts';
import { createBus, insertEvent, slotOf, startRelay, untilAllMarked, untilStreaming } from './relay.ts';

/** `/metrics` of a relay that has published an event. */
export async function relayMetrics(t: TestContext): Promise<string> {
  const { url, pool } = await createDatabase(t);
  const { monitor, ...relay } = startRelay(t, { url, bus: await createBus(t) });
  await untilStreaming({ monitor, ...relay });
  await insertEvent(pool, 'Event');
  await untilAllMarked(pool);
  const routing = new Routing('orders');
  return (await collectMetrics({ monitor, pool, table: OUTBOX, slot: slotOf(url), routing })).metrics();
}

/** `/metrics` of an inbox that has handled a message. */
export async function inboxMetrics(): Promise<string> {
  const monitor = new InboxMonitor(['inventory/order-service'], ['InventoryInsufficient']);
  monitor.phase = 'receiving';
  monitor.waiting = new Map();
  const message = receivedMessage();
  await monitor.observing(async () => ({ kind: 'complete' }))(
    'inventory/order-service',
    message,
    AbortSignal.any([]),
  );
  monitor.became('inventory/order-service', message, 'handled');
  return collectInboxMetrics(monitor).metrics();
}

/** `/metrics` of an api that has taken an order and refused another. */
export async function apiMetrics(t: TestContext): Promise<string> {
  const { app, post } = await openApp(t);
  await post(tutorialOrder());
  await post('no order');
  return (await app.inject('/metrics')).body;
}
