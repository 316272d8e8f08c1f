import { randomUUIDv7 } from 'node:crypto';
import pg from 'pg';
import { answerRequests } from '../support/worker.ts';

// The rows of an order, written by `pg` alone: no HTTP, no framework, the same values every time. Prepared statements, one awaited
// after the other, in one transaction an order.

export interface WriteRequest {
  readonly url: string;
  readonly connections: number;
  readonly count: number;
}

export interface WriteReply {
  readonly seconds: number;
  readonly cpuUs: number;
}

answerRequests(async ({ url, connections, count }: WriteRequest): Promise<WriteReply> => {
  const clients = await Promise.all(Array.from({ length: connections }, () => connect(url)));
  const cpuBefore = process.cpuUsage();
  const startedAt = performance.now();
  let next = 0;
  await Promise.all(
    clients.map(async (client) => {
      while (next++ < count) await writeOrder(client);
    }),
  );
  const seconds = (performance.now() - startedAt) / 1_000;
  const { user, system } = process.cpuUsage(cpuBefore);
  await Promise.all(clients.map((client) => client.end()));
  return { seconds, cpuUs: user + system };
});

async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  return client;
}

const ADDRESS =
  '{"street":"123 Main St","city":"Springfield","state":"IL","zipCode":"62701","country":"USA"}';
const BODY = JSON.stringify({
  orderId: '01a20673f0007a97b4584d0516065b65',
  customerId: 'cust-123',
  items: [
    { productId: 'prod-456', quantity: 2, unitPrice: 19.99, lineTotal: 39.98 },
    { productId: 'prod-789', quantity: 1, unitPrice: 49.99, lineTotal: 49.99 },
  ],
  shippingAddress: JSON.parse(ADDRESS) as object,
  totalAmount: 89.97,
  createdAt: '2026-11-23T03:29:51.104Z',
});

async function writeOrder(client: pg.Client): Promise<void> {
  const orderId = randomUUIDv7().replaceAll('-', '');
  const now = new Date().toISOString();
  await client.query({ name: 'begin', text: 'BEGIN' });
  await client.query({
    name: 'order',
    text: `INSERT INTO orders (order_id, customer_id, total_amount, status, shipping_address, created_at, updated_at, version)
      VALUES ($1, 'cust-123', '89.97', 'Pending', $2, $3, $3, 1)`,
    values: [orderId, ADDRESS, now],
  });
  await client.query({
    name: 'items',
    text: `INSERT INTO order_items (order_item_id, order_id, line_number, product_id, quantity, unit_price, line_total, created_at)
      VALUES ($2, $1, 1, 'prod-456', 2, '19.99', '39.98', $4), ($3, $1, 2, 'prod-789', 1, '49.99', '49.99', $4)`,
    values: [orderId, `${orderId}1`, `${orderId}2`, now],
  });
  const messageId = randomUUIDv7();
  await client.query({
    name: 'outbox',
    text: `INSERT INTO outbox (message_id, message_type, message_body, created_at, aggregate_id, correlation_id, causation_id)
      VALUES ($1, 'OrderCreated', $2, $3, $4, $5, $5)`,
    values: [messageId, BODY, now, orderId, messageId],
  });
  await client.query({ name: 'commit', text: 'COMMIT' });
}
