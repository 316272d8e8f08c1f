import { test } from 'node:test';
import type pg from 'pg';
import { openCluster, openPool } from '../../support/cluster.ts';
import { MemoryPublisher } from '../../support/memory-publisher.ts';
import { migrateHere } from '../../support/migrated-database.ts';
import { startRelay, untilAllMarked, untilArrived, untilStreaming } from '../../support/relay.ts';
import { untilToldAndTried } from '../support/told.ts';

test('bytes that are no UTF-8, in a database that checks nothing, are told with the way out; mended, all arrives', async (t) => {
  const postgres = await openCluster(t);
  await openPool(t, postgres.url('postgres')).query(
    `CREATE DATABASE unchecked TEMPLATE template0 ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C'`,
  );
  const url = postgres.url('unchecked');
  await migrateHere(url);
  const pool = openPool(t, url);
  const bus = new MemoryPublisher();
  const relay = startRelay(t, { url, bus });
  await untilStreaming(relay);

  await insert(pool, 'Good', 'ann');
  await insert(pool, 'Bad', `ann\\377`);
  await untilToldAndTried(
    relay,
    /invalid byte sequence for encoding "UTF8": 0xff \(22021\): .*SQL_ASCII.*correct the row/,
  );
  await pool.query(`UPDATE outbox SET user_id = 'ann' WHERE message_type = 'Bad'`);
  await relay.stop();
  await pool.query('SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots');
  startRelay(t, { url, bus });

  await untilArrived(bus, 2);
  await untilAllMarked(pool);
});

async function insert(pool: pg.Pool, type: string, user: string): Promise<void> {
  await pool.query(
    `INSERT INTO outbox (message_id, message_type, message_body, user_id) VALUES (gen_random_uuid(), '${type}', '{}', E'${user}')`,
  );
}
