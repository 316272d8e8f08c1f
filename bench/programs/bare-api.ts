import fastify from 'fastify';
import pg from 'pg';

// The same SELECT on nothing but Fastify and `pg`: no checks, no log, the rows as they are.

const pool = new pg.Pool({
  connectionString: process.env['DATABASE_URL'],
  max: Number(process.env['DATABASE_POOL_SIZE']),
});
const app = fastify();

app.get<{ Params: { orderId: string } }>('/api/orders/:orderId', async (request) => {
  const { rows } = await pool.query({
    name: 'order',
    text: `SELECT o.order_id, o.customer_id, o.total_amount, o.status, o.shipping_address, o.created_at, o.updated_at, o.version,
        i.order_item_id, i.order_id AS item_order_id, i.line_number, i.product_id, i.quantity, i.unit_price, i.line_total,
        i.created_at AS item_created_at
      FROM orders o LEFT JOIN order_items i ON i.order_id = o.order_id
      WHERE o.order_id = $1 ORDER BY i.line_number`,
    values: [request.params.orderId],
  });
  return rows;
});
app.get('/health/ready', () => ({ status: 'ready' }));

await app.listen({ host: '127.0.0.1', port: Number(process.env['PORT']) });
