import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { initSql } from '../../../relay/admin/init-sql.ts';
import { createDatabase } from '../../support/database.ts';
import { MemoryPublisher } from '../../support/memory-publisher.ts';
import { OUTBOX } from '../../support/outbox-table.ts';
import { startRelay, untilAllMarked, untilStreaming } from '../../support/relay.ts';
import { until } from '../../support/until.ts';
import { checkLoadDelivered } from '../support/delivery.ts';
import { startLoad } from '../support/load.ts';

// PostgreSQL says nothing of rows that pass by a publication: they are skipped, and acknowledged. Each change is made under
// load, told by the relay, and mended by the statement that its message names.

interface Change {
  readonly name: string;
  /** One transaction. */
  readonly change: string;
  readonly told: RegExp;
  readonly mend: string;
}

const RENAME = 'ALTER TABLE outbox RENAME TO outbox_old; ';
const PARTITIONED = `${RENAME}
  CREATE TABLE outbox (LIKE outbox_old INCLUDING DEFAULTS INCLUDING IDENTITY) PARTITION BY HASH (message_id);
  ALTER TABLE outbox ADD PRIMARY KEY (message_id);
  CREATE TABLE outbox_0 PARTITION OF outbox FOR VALUES WITH (MODULUS 2, REMAINDER 0);
  CREATE TABLE outbox_1 PARTITION OF outbox FOR VALUES WITH (MODULUS 2, REMAINDER 1)`;
const AGAIN = 'ALTER PUBLICATION order_outbox SET TABLE outbox';

const CHANGES: readonly Change[] = [
  {
    name: 'the outbox dropped and made again',
    change:
      'CREATE TABLE made (LIKE outbox INCLUDING ALL); DROP TABLE outbox; ALTER TABLE made RENAME TO outbox',
    told: /does not contain the table outbox: ALTER PUBLICATION \.\.\. SET TABLE public\.outbox/,
    mend: AGAIN,
  },
  {
    name: 'the outbox taken out of the publication',
    change: 'ALTER PUBLICATION order_outbox DROP TABLE outbox',
    told: /does not contain the table outbox/,
    mend: AGAIN,
  },
  {
    name: 'the outbox renamed, and another one in its place',
    change: `${RENAME} CREATE TABLE outbox (LIKE outbox_old INCLUDING ALL)`,
    told: /does not contain the table outbox/,
    mend: AGAIN,
  },
  {
    name: 'the outbox replaced by a partitioned one',
    change: PARTITIONED,
    told: /does not contain the table outbox/,
    mend: AGAIN,
  },
  {
    name: 'the outbox replaced by a partitioned one that is published by its partitions',
    change: `${PARTITIONED}; ALTER PUBLICATION order_outbox SET TABLE outbox;
             ALTER PUBLICATION order_outbox SET (publish_via_partition_root = false)`,
    told: /does not contain the table outbox/,
    mend: 'ALTER PUBLICATION order_outbox SET (publish_via_partition_root = true)',
  },
  {
    name: 'a row filter on the publication',
    change: "ALTER PUBLICATION order_outbox SET TABLE outbox WHERE (aggregate_id <> 'order-1')",
    told: /has a row filter, which hides events/,
    mend: AGAIN,
  },
  {
    name: 'a column list on the publication',
    change: 'ALTER PUBLICATION order_outbox SET TABLE outbox (message_id, message_type, message_body)',
    told: /has a column list without .*aggregate_id/,
    mend: AGAIN,
  },
  {
    name: 'a column of messages that PostgreSQL generates, which the log does not hold',
    change: `ALTER TABLE outbox DROP COLUMN user_id;
             ALTER TABLE outbox ADD COLUMN user_id text GENERATED ALWAYS AS (message_body ->> 'user') STORED`,
    told: /does not publish user_id, which PostgreSQL generates: make it an ordinary column of public\.outbox/,
    mend: 'ALTER TABLE outbox ALTER COLUMN user_id DROP EXPRESSION',
  },
  {
    name: 'a publication without inserts',
    change: "ALTER PUBLICATION order_outbox SET (publish = 'update')",
    told: /does not publish inserts/,
    mend: "ALTER PUBLICATION order_outbox SET (publish = 'insert')",
  },
  {
    name: 'the publication dropped, and made again after the slot',
    change: 'DROP PUBLICATION order_outbox',
    told: /does not exist\. Run: npm run outbox -- init/,
    mend: `BEGIN; ${initSql({ table: OUTBOX, publication: 'order_outbox' })} COMMIT`,
  },
];

describe('a change that hides events is told, and once it is mended nothing is lost', {
  concurrency: true,
}, () => {
  for (const { name, change, told, mend } of CHANGES) {
    test(name, async (t) => {
      const { url, pool } = await createDatabase(t);
      const bus = new MemoryPublisher();
      const relay = startRelay(t, { url, bus });
      await untilStreaming(relay);
      const load = startLoad(t, url);
      await load.more(40);

      await pool.query(`BEGIN; ${change}; COMMIT`);
      await until('it is told', () => told.test(relay.monitor.lastError?.message ?? ''));
      assert.equal(relay.monitor.isReady, false);
      await load.more(40);
      await pool.query(mend);
      await load.more(40);

      assert.deepEqual(await checkLoadDelivered(bus, load), []);
      await untilAllMarked(pool);
      await until('it is ready', () => relay.monitor.isReady);
    });
  }
});
