import type pg from 'pg';

/**
 * Inserts orders by plain SQL, one a second up to now, the newest last: every fifth of customer `large`, the others of 1,000
 * customers; one in a hundred cancelled, one in a thousand shipped. Each has one item and its event, published.
 */
export async function insertManyOrders(db: pg.Pool, count: number): Promise<void> {
  await db.query(
    `INSERT INTO orders (order_id, customer_id, total_amount, status, shipping_address, created_at, updated_at)
     SELECT lpad(to_hex(n), 32, '0'), CASE WHEN n % 5 = 0 THEN 'large' ELSE 'cust-' || (n * 7919) % 1000 END, 1,
       CASE WHEN n * 31 % 1000 < 10 THEN 'Cancelled' WHEN n * 31 % 1000 = 500 THEN 'Shipped' ELSE 'Pending' END,
       '{"street":"1 Main","city":"Springfield","state":"IL","zipCode":"62701","country":"USA"}',
       now() - ($1::bigint - n) * interval '1 second', now()
     FROM generate_series(1, $1::bigint) AS n`,
    [count],
  );
  await db.query(
    `INSERT INTO order_items (order_item_id, order_id, line_number, product_id, quantity, unit_price, line_total)
     SELECT order_id, order_id, 1, 'prod-456', 1, 1, 1 FROM orders`,
  );
  await db.query(
    `INSERT INTO outbox (message_id, message_type, message_body, aggregate_id, processed_at)
     SELECT gen_random_uuid(), 'OrderCreated', '{}', order_id, now() FROM orders`,
  );
  await db.query('VACUUM ANALYZE orders, order_items, outbox');
}
