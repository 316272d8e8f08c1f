import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type pg from 'pg';
import { dropMessage, retryMessage } from '../../../relay/admin/outbox-admin.ts';
import { createLogger } from '../../../src/core/log.ts';
import { openPool } from '../../../src/core/pool.ts';
import { cleanup } from '../../support/cleanup.ts';
import { createDatabase, EMPTY, type TestDatabase } from '../../support/database.ts';
import { MemoryPublisher } from '../../support/memory-publisher.ts';
import { migrateHere } from '../../support/migrated-database.ts';
import { OUTBOX } from '../../support/outbox-table.ts';
import { arrivals, startRelay, untilStreaming } from '../../support/relay.ts';
import { until } from '../../support/until.ts';
import { untilToldAndTried } from '../support/told.ts';

// A database with the encoding SQL_ASCII takes any bytes, and so may a column of a row.

interface Bad {
  readonly column: string;
  /** As E'' takes it. */
  readonly row: { readonly user?: string; readonly order?: string; readonly body?: string };
  /** Whether its order can be told, and waits. */
  readonly holdsUp: boolean;
  readonly wayOut: 'correct them, then retry' | 'insert another one and drop this one';
}

const RETRY = 'correct them, then retry';
const DROP = 'insert another one and drop this one';

const BAD: Bad[] = [
  { column: 'user_id', row: { user: 'ann\\377' }, holdsUp: true, wayOut: RETRY },
  { column: 'message_body', row: { body: '{"a": "\\303("}' }, holdsUp: true, wayOut: DROP },
  {
    column: 'user_id',
    row: { user: 'a whole \\357\\277\\275 and half a \\360\\237\\230' },
    holdsUp: true,
    wayOut: RETRY,
  },
  { column: 'aggregate_id', row: { order: 'bad\\377' }, holdsUp: false, wayOut: RETRY },
];

for (const from of ['stream', 'table']) {
  for (const { column, row, holdsUp, wayOut } of BAD) {
    test(`a row of the ${from} whose ${column} is no UTF-8 is parked with the reason, and all others flow: ${JSON.stringify(row)}`, async (t) => {
      const { url, pool } = await uncheckedDatabase(t);
      const bus = new MemoryPublisher();
      const order = row.order ?? 'bad';
      if (from === 'stream') await untilStreaming(startRelay(t, { url, bus }));
      await insert(pool, 'Before', { order: 'bad' });
      await insert(pool, 'Bad', { ...row, order });
      await insert(pool, 'Behind', { order: 'bad' });
      await insert(pool, 'Other', { order: 'other', user: 'Zo\\303\\253 \\357\\277\\275' });
      if (from === 'table') startRelay(t, { url, bus });

      const reason = await untilParked(pool);
      assert.match(reason, new RegExp(`no UTF-8, .*SQL_ASCII.* in ${column}: ${wayOut}$`));
      const others = holdsUp ? ['Before', 'Other'] : ['Before', 'Behind', 'Other'];
      await until('all others have arrived', () => arrivals(bus).length === others.length);
      assert.deepEqual(subjects(bus), others.toSorted());
      assert.equal(bus.accepted.find(({ messageType }) => messageType === 'Other')?.userId, 'Zoë \uFFFD');

      if (wayOut === RETRY) await retryMessage(pool, OUTBOX, await correct(pool));
      else await dropMessage(pool, OUTBOX, await idOfBad(pool), 'inserted again');
      const all = wayOut === RETRY ? ['Bad', 'Before', 'Behind', 'Other'] : ['Before', 'Behind', 'Other'];
      await until('all have arrived', () => arrivals(bus).length === all.length);
      assert.deepEqual(subjects(bus), all);
    });
  }
}

test('a row whose order id is no UTF-8, retried as it is, is parked again', async (t) => {
  const { url, pool } = await uncheckedDatabase(t);
  const bus = new MemoryPublisher();
  const relay = startRelay(t, { url, bus });
  await untilStreaming(relay);
  await insert(pool, 'Bad', { order: 'bad\\377' });
  await untilParked(pool);

  await retryMessage(operatorsPool(t, url), OUTBOX, await idOfBad(pool));

  await until('it is parked again', () => relay.monitor.counts.parked === 2);
  await untilParked(pool);
  assert.equal(bus.accepted.length, 0);
});

test('a character for which UTF-8 has none, in a database of another encoding, is told with the way out', async (t) => {
  const { url, pool } = await databaseOf(t, 'WIN1252');
  const relay = startRelay(t, { url, bus: new MemoryPublisher() });
  await untilStreaming(relay);

  await insert(pool, 'Bad', { user: '\\201' });

  await untilToldAndTried(relay, /0x81.*\(22P05\): .*correct the row, then drop the replication slot/);
});

const subjects = (bus: MemoryPublisher) => bus.accepted.map(({ messageType }) => messageType).toSorted();

const uncheckedDatabase = (t: TestContext) => databaseOf(t, 'SQL_ASCII');

async function databaseOf(t: TestContext, encoding: string): Promise<TestDatabase> {
  const database = await createDatabase(t, { ...EMPTY, encoding });
  await migrateHere(database.url);
  return database;
}

/** As that of the operator's command. */
function operatorsPool(t: TestContext, url: string): pg.Pool {
  const log = createLogger({ level: 'silent', service: 'test' });
  const pool = openPool({ url, max: 1, applicationName: 'operator', log, uncheckedText: true });
  cleanup(t, () => pool.end());
  return pool;
}

async function insert(pool: pg.Pool, type: string, row: Bad['row']): Promise<void> {
  const { user = 'ann', order = 'o', body = '{}' } = row;
  await pool.query(
    `INSERT INTO outbox (message_id, message_type, message_body, aggregate_id, user_id)
     VALUES (gen_random_uuid(), '${type}', E'${body}', E'${order}', E'${user}')`,
  );
}

function untilParked(pool: pg.Pool): Promise<string> {
  return until('the bad row is parked', async () => {
    const { rows } = await pool.query<{ reason: string }>(
      `SELECT error_message AS reason FROM outbox WHERE message_type = 'Bad' AND parked_at IS NOT NULL`,
    );
    return rows[0]?.reason;
  });
}

async function idOfBad(pool: pg.Pool): Promise<string> {
  const { rows } = await pool.query<{ id: string }>(
    `SELECT message_id AS id FROM outbox WHERE message_type = 'Bad'`,
  );
  return rows[0]?.id ?? assert.fail('no bad row');
}

async function correct(pool: pg.Pool): Promise<string> {
  await pool.query(`UPDATE outbox SET aggregate_id = 'bad', user_id = 'ann' WHERE message_type = 'Bad'`);
  return idOfBad(pool);
}
