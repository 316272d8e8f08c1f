import { randomUUIDv7 } from 'node:crypto';
import { drizzle } from 'drizzle-orm/node-postgres';
import fastify, { type FastifyBaseLogger } from 'fastify';
import { createLogger } from '../../src/core/log.ts';
import { openPool } from '../../src/core/pool.ts';
import { orderItems, orders, outbox } from '../../src/db/schema.ts';
import { compileValidator } from '../../src/http/validation.ts';
import { CreateOrder } from '../../src/messages/create-order.ts';

// The tutorial's way of creating an order, in this language and on the same framework, schema, pool and log: one statement after
// the other in one Drizzle transaction, an item a statement, amounts as numbers.

const log = createLogger({ level: 'info', service: 'tutorial' });
const pool = openPool({
  url: process.env['DATABASE_URL'] ?? '',
  max: Number(process.env['DATABASE_POOL_SIZE'] ?? 8),
  applicationName: 'tutorial',
  log,
});
const db = drizzle(pool);
const app = fastify({ loggerInstance: log as FastifyBaseLogger });
app.setValidatorCompiler(compileValidator);

app.post<{ Body: CreateOrder }>('/api/orders', { schema: { body: CreateOrder } }, async (request, reply) => {
  const { customerId, items, shippingAddress } = request.body;
  const orderId = hex();
  const createdAt = new Date();
  const lines = items.map((item) => ({ ...item, lineTotal: item.quantity * item.unitPrice }));
  const totalAmount = lines.reduce((sum, { lineTotal }) => sum + lineTotal, 0);
  const event = { orderId, customerId, items: lines, shippingAddress, totalAmount, createdAt };
  await db.transaction(async (tx) => {
    await tx.insert(orders).values({
      orderId,
      customerId,
      totalAmount: String(totalAmount),
      status: 'Pending',
      shippingAddress,
      createdAt,
    });
    for (const [index, item] of lines.entries()) {
      await tx.insert(orderItems).values({
        orderItemId: hex(),
        orderId,
        lineNumber: index + 1, // the one column more that the table has here
        productId: item.productId,
        quantity: item.quantity,
        unitPrice: String(item.unitPrice),
        lineTotal: String(item.lineTotal),
        createdAt,
      });
    }
    await tx.insert(outbox).values({
      messageId: randomUUIDv7(),
      messageType: 'OrderCreated',
      messageBody: event,
      createdAt,
    });
  });
  request.log.info({ orderId, customerId, totalAmount }, 'Order created');
  reply.code(201).header('location', `/api/orders/${orderId}`);
  return event;
});
app.get('/health/ready', () => ({ status: 'ready' }));

await app.listen({ host: '127.0.0.1', port: Number(process.env['PORT']) });

function hex(): string {
  return randomUUIDv7().replaceAll('-', '');
}
