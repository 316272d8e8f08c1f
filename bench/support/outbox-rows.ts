import pg from 'pg';
import type { Server } from './server.ts';

// What the api writes for an order with three items when tracing is on, 600 to 700 bytes as PostgreSQL gives them back.

const BODIES = 1_000;

/** The columns of a row of the outbox as the api writes it, each another order's; `body` and `number` are SQL. */
const row = (body: string, number: string) => `
  SELECT (lpad(to_hex((extract(epoch FROM clock_timestamp()) * 1000)::bigint), 12, '0') || '7' || substr(r, 1, 3) || '8' || substr(r, 4, 15))::uuid,
    'OrderCreated', ${body}, lpad(to_hex((extract(epoch FROM clock_timestamp()) * 1000)::bigint), 12, '0') || substr(r, 1, 20), gen_random_uuid(), gen_random_uuid(), '00-' || md5(r) || '-' || substr(r, 1, 16) || '-01'
  FROM md5(random()::text || ${number}) AS r`;
const COLUMNS =
  'message_id, message_type, message_body, aggregate_id, correlation_id, causation_id, traceparent';

const SETUP = `
  CREATE TABLE bench_bodies (number serial PRIMARY KEY, body jsonb NOT NULL);
  CREATE PROCEDURE bench_fill(count int) LANGUAGE plpgsql AS $$
  DECLARE bodies jsonb[] := array(SELECT body FROM bench_bodies ORDER BY number);
  BEGIN
    FOR i IN 1..count LOOP
      INSERT INTO outbox (${COLUMNS}) ${row(`bodies[1 + i % ${BODIES}]`, 'i')};
      COMMIT;
    END LOOP;
  END $$`;

/** Prepares the database for `fillOutbox`, and returns the bodies as they are streamed. */
export async function prepareRows({ db }: Server): Promise<Buffer[]> {
  await db.query(SETUP);
  await db.query('INSERT INTO bench_bodies (body) SELECT unnest($1::jsonb[])', [
    Array.from({ length: BODIES }, (_, number) => JSON.stringify(orderCreated(number))),
  ]);
  const { rows } = await db.query<{ body: string }>('SELECT body::text FROM bench_bodies ORDER BY number');
  return rows.map(({ body }) => Buffer.from(body));
}

/** Commits so many rows, each in a transaction of its own, and returns the position before the last one. */
export async function fillOutbox(server: Server, count: number): Promise<string> {
  const client = new pg.Client({ connectionString: server.url });
  await client.connect();
  try {
    // What is prepared need not be on the disk; the last commit takes all with it.
    await client.query('SET synchronous_commit = off');
    await client.query('CALL bench_fill($1)', [count - 1]);
    const { rows } = await client.query<{ lsn: string }>('SELECT pg_current_wal_insert_lsn() AS lsn');
    await client.query('SET synchronous_commit = on');
    await client.query('CALL bench_fill(1)');
    return rows[0]?.lsn ?? '';
  } finally {
    await client.end();
  }
}

/** One transaction with all rows but the last, which comes after it; returns the position between them. */
export async function fillInOneTransaction(server: Server, count: number): Promise<string> {
  await server.db.query(
    `INSERT INTO outbox (${COLUMNS})
     SELECT row.* FROM generate_series(1, $1) AS i, bench_bodies AS b, LATERAL (${row('b.body', 'i')}) AS row
     WHERE b.number = 1 + i % ${BODIES}`,
    [count - 1],
  );
  // A position inside of the transaction would not do: the slot may be confirmed up to there before its commit is read.
  return fillOutbox(server, 1);
}

/** Rows that were published before: the relay has nothing to do with them. */
export async function addSettledRows({ db }: Server, count: number): Promise<void> {
  const STEP = 100_000;
  for (let done = 0; done < count; done += STEP) {
    await db.query(
      `INSERT INTO outbox (${COLUMNS}, processed_at)
       SELECT row.*, now() FROM generate_series(1, $1) AS i, bench_bodies AS b, LATERAL (${row('b.body', 'i')}) AS row
       WHERE b.number = 1 + i % ${BODIES}`,
      [Math.min(STEP, count - done)],
    );
  }
  await db.query('VACUUM ANALYZE outbox');
}

function orderCreated(number: number): object {
  const item = (n: number) => ({
    productId: `prod-${number}-${n}`,
    quantity: n + 1,
    unitPrice: 19.99,
    lineTotal: Number(((n + 1) * 19.99).toFixed(2)),
  });
  return {
    orderId: number.toString(16).padStart(32, '0'),
    customerId: `cust-${100_000 + number}`,
    items: [0, 1, 2].map(item),
    shippingAddress: {
      street: `${number} Main Street, Apartment 12`,
      city: 'Springfield',
      state: 'Illinois',
      zipCode: '62701',
      country: 'United States of America',
    },
    totalAmount: 119.94,
    createdAt: '2026-11-23T03:29:51.104Z',
  };
}
