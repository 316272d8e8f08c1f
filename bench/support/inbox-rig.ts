import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../dev/free-port.ts';
import { npmScript } from '../../dev/npm-script.ts';
import { memoryMb, processCpuUs, startCpuMeter } from './cpu.ts';
import type { Sample } from './figure.ts';
import { type Service, startService, startWorker, type Worker } from './processes.ts';
import { openServer, type Server } from './server.ts';

export type Queue = 'plain' | 'sessions';

/** As the inbox has it unless it is told otherwise. */
export const CONCURRENCY = 8;

export interface InboxRig {
  readonly server: Server;
  readonly broker: Worker;
  readonly brokerUrl: string;
  /** `bench/programs/event-sender.ts` */
  readonly sender: Worker;
  startInbox(queue: Queue): RunningInbox;
  close(): Promise<void>;
}

export interface RunningInbox extends Service {
  readonly url: string;
  /** How many it has handled. */
  handled(): Promise<number>;
}

/** PostgreSQL, a broker with queues, and who sends to them, each its own process. No inbox runs. */
export async function openInboxRig(
  settings: Readonly<Record<string, string>> = {},
  keep = 0,
): Promise<InboxRig> {
  const server = await openServer(settings);
  const broker = startWorker('broker', 'bench/programs/broker.ts', ['--initial-heap-size=512']);
  const brokerUrl = await broker.ask<string>({ kind: 'open', keep });
  const sender = startWorker('sender', 'bench/programs/event-sender.ts');
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  return {
    server,
    broker,
    brokerUrl,
    sender,
    startInbox(queue) {
      const service = startService('inbox', npmScript('inbox'), {
        DATABASE_URL: server.url,
        INBOX_SUBSCRIPTIONS: queue,
        INBOX_SESSIONS: String(queue === 'sessions'),
        INBOX_CONCURRENCY: String(CONCURRENCY),
        INBOX_HOST: '127.0.0.1',
        INBOX_PORT: String(port),
        NODE_ENV: 'production',
        SERVICEBUS_CONNECTION_STRING: brokerUrl,
      });
      return { ...service, url, handled: () => handledOf(`${url}/status`, queue) };
    },
    async close() {
      await sender.stop();
      await broker.stop();
      await server.close();
    },
  };
}

/** So many pending orders with two items each, and nothing else in the tables. */
export async function fillOrders({ db }: Server, count: number): Promise<string[]> {
  await db.query('TRUNCATE orders, order_items, order_history, outbox, inbox');
  await db.query(
    `INSERT INTO orders (order_id, customer_id, total_amount, status, shipping_address, created_at, updated_at)
     SELECT lpad(to_hex(n), 32, '0'), 'cust-123', 89.97, 'Pending',
       '{"street":"123 Main St","city":"Springfield","state":"IL","zipCode":"62701","country":"USA"}', now(), now()
     FROM generate_series(1, $1::bigint) AS n`,
    [count],
  );
  await db.query(
    `INSERT INTO order_items (order_item_id, order_id, line_number, product_id, quantity, unit_price, line_total)
     SELECT order_id || line, order_id, line, 'prod-456', 2, 19.99, 39.98 FROM orders, generate_series(1, 2) AS line`,
  );
  await db.query('VACUUM ANALYZE orders, order_items');
  await db.query('CHECKPOINT');
  return Array.from({ length: count }, (_, n) => (n + 1).toString(16).padStart(32, '0'));
}

/** Puts two events of each of so many orders, which are there and pending, into the queue. */
export async function fillQueue(rig: InboxRig, queue: Queue, events: number): Promise<void> {
  const orderIds = await fillOrders(rig.server, events / 2);
  await rig.sender.ask({ connectionString: rig.brokerUrl, queue, orderIds });
}

/** Messages a second of an inbox on a backlog: from the first that it has handled until all are committed. */
export async function measureInboxDrain(rig: InboxRig, queue: Queue, count: number): Promise<Sample> {
  const { server, broker } = rig;
  await fillQueue(rig, queue, count);
  const inbox = rig.startInbox(queue);
  await inbox.untilReady(`${inbox.url}/health/live`);
  const first = await untilHandled(inbox, 1);
  const startedAt = performance.now();
  const meter = startCpuMeter({
    inbox: () => processCpuUs(inbox.pid),
    PostgreSQL: server.cpuUs,
    broker: () => processCpuUs(broker.pid),
  });
  await untilHandled(inbox, count);
  const seconds = (performance.now() - startedAt) / 1_000;
  const cpu = meter(count - first);
  const { peak, now } = memoryMb(inbox.pid);
  await inbox.stop();
  const { rows } = await server.db.query<{ shipped: number }>(
    `SELECT count(*)::int AS shipped FROM orders WHERE status = 'Shipped' AND version = 3`,
  );
  if (rows[0]?.shipped !== count / 2)
    throw new Error(`${rows[0]?.shipped} of ${count / 2} orders are shipped`);
  return { values: { rate: (count - first) / seconds, peakMb: peak, endMb: now }, cpu };
}

/** Waits until the inbox has handled so many, and tells how many they are then. */
export async function untilHandled(inbox: RunningInbox, count: number): Promise<number> {
  for (;;) {
    const handled = await inbox.handled();
    if (handled >= count) return handled;
    await sleep(50); // more often would cost the inbox
  }
}

async function handledOf(statusUrl: string, queue: Queue): Promise<number> {
  const status = (await (await fetch(statusUrl)).json()) as {
    consumers: Record<string, { fates: Record<string, number> }>;
  };
  return status.consumers[queue]?.fates['handled'] ?? 0;
}
