import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import type pg from 'pg';
import { sweptOutbox } from '../../../relay/retention/retention.ts';
import { createLogger } from '../../../src/core/log.ts';
import { openPool } from '../../../src/core/pool.ts';
import { deletePiece, deleteUnlocked, TableSweep } from '../../../src/core/table-sweep.ts';
import { cleanup } from '../../support/cleanup.ts';
import { createDatabase } from '../../support/database.ts';
import { OUTBOX } from '../../support/outbox-table.ts';
import { connect, insertEvents } from '../../support/relay.ts';

const MINUTE_MS = 60_000;
const START = Date.parse('2026-01-01T00:00:00Z');
const SWEPT = sweptOutbox(OUTBOX);
const log = createLogger({ level: 'silent', service: 'test' });

test('over 200 rounds of a table that grows, old rows leave within two rounds of their day, and their room is used again', async (t) => {
  // A round went on behind the end of the one before, and so never came back to the begin of a table that grew.
  const { pool, sweep } = await openSweep(t, { blocks: 8 });
  const keptRounds = 10;
  const lateRounds: number[] = [];
  const sizes: number[] = [];
  for (let round = 1; round <= 200; round++) {
    const now = START + round * MINUTE_MS;
    await insertEvents(pool, 30 + (round % 7), () => ({
      type: 'E',
      body: JSON.stringify('x'.repeat(1_500)),
    }));
    await pool.query('UPDATE outbox SET processed_at = $1 WHERE processed_at IS NULL', [new Date(now)]);
    const before = now - keptRounds * MINUTE_MS;
    // Every third is cut short.
    await sweep(before, round % 3 === 0 ? { pieces: 2 } : {});
    // Seldom, as autovacuum comes to a large table: until then it grows in every round.
    if (round % 20 === 0) await pool.query('VACUUM outbox');

    const { rows } = await pool.query(
      `SELECT min(processed_at) AS oldest, pg_relation_size('outbox')::int AS size FROM outbox`,
    );
    lateRounds.push((before - rows[0].oldest.getTime()) / MINUTE_MS);
    sizes.push(rows[0].size);
  }

  assert.ok(Math.max(...lateRounds) <= 2, `late by ${lateRounds.join()}`);
  const [first, last] = [Math.max(...sizes.slice(50, 100)), Math.max(...sizes.slice(150))];
  assert.ok(last <= 1.1 * first, sizes.join());
});

describe('a row that another session has locked', () => {
  test('is left for the next round, and all others of its piece are deleted', async (t) => {
    const { url, pool, sweep, count } = await openSweep(t);
    await insertOld(pool, 500);
    const other = await connect(t, url);
    await other.query('BEGIN; SELECT FROM outbox WHERE position = 250 FOR UPDATE');

    assert.equal(await sweep(), 499);
    await other.query('COMMIT');
    assert.equal(await sweep(), 1);
    assert.equal(await count(), 0);
  });

  test('in one of the partitions holds up no other', async (t) => {
    const { url, pool, sweep, count } = await openSweep(t);
    await pool.query(`
      ALTER TABLE outbox RENAME TO outbox_before;
      CREATE TABLE outbox (LIKE outbox_before INCLUDING DEFAULTS INCLUDING IDENTITY) PARTITION BY RANGE (created_at);
      CREATE TABLE outbox_1 PARTITION OF outbox FOR VALUES FROM (MINVALUE) TO ('2000-01-01');
      CREATE TABLE outbox_2 PARTITION OF outbox DEFAULT`);
    await insertOld(pool, 100);
    await pool.query(`UPDATE outbox SET created_at = '1999-12-31' WHERE position % 2 = 0`);
    await insertEvents(pool, 1, () => ({ type: 'New' }));
    const other = await connect(t, url);
    await other.query('BEGIN; SELECT FROM outbox WHERE position = 50 FOR UPDATE');

    assert.equal(await sweep(), 99);
    assert.equal(await count(), 2);
  });
});

test('a piece that fails holds up no other', async (t) => {
  const { pool, sweep, count } = await openSweep(t, { blocks: 1 });
  await insertOld(pool, 200);
  await refuseToDelete(pool, 100);

  const deleted = await sweep();

  const left = await count();
  assert.equal(deleted + left, 200);
  assert.ok(left >= 1 && left < 20, `${left}`);
});

test('a round of which every piece fails says why', async (t) => {
  const { pool, sweep } = await openSweep(t);
  await insertOld(pool, 1);
  await refuseToDelete(pool, 1);

  await assert.rejects(sweep(), /not this one/);
});

test('a process that begins anywhere goes around the whole table', async (t) => {
  const { pool, sweep, count } = await openSweep(t, { blocks: 1, random: () => 0.6 });
  await insertOld(pool, 100);
  await pool.query('VACUUM FULL outbox'); // or the half of the pieces would have dead rows only

  await sweep(undefined, { pieces: 1 });
  const { rows } = await pool.query(`SELECT min(ctid) < '(1,0)' AS first FROM outbox`);
  assert.ok(rows[0].first && (await count()) < 100);

  await sweep();
  assert.equal(await count(), 0);
});

test('a piece is read by its blocks: neither the whole table nor an index', async (t) => {
  const { pool } = await createDatabase(t);
  await insertOld(pool, 2_000);
  await pool.query('ANALYZE outbox');
  const values = ['(0,0)', '(128,0)', new Date()];
  const scansOf = async (sql: string) => {
    const { rows } = await pool.query(`EXPLAIN ${sql}`, values);
    const lines = rows.map((row) => String(row['QUERY PLAN']));
    return lines.flatMap((line) => /(\S+ )*Scan on \w+/.exec(line)?.[0] ?? []);
  };

  assert.deepEqual(await scansOf(deletePiece(SWEPT)), ['Tid Range Scan on outbox']);
  const [locks, frees, deletes] = await scansOf(deleteUnlocked(SWEPT));
  assert.deepEqual([locks, frees], ['Tid Range Scan on outbox', 'CTE Scan on free']);
  assert.match(deletes ?? '', /^Tid (Range )?Scan on outbox$/);
});

interface Options {
  readonly blocks?: number;
  readonly random?: () => number;
}

/** `sweep` goes around once, or for so many pieces, and returns how many rows it has deleted. */
async function openSweep(t: TestContext, { blocks = 128, random = () => 0 }: Options = {}) {
  const { url, pool } = await createDatabase(t);
  const own = openPool({ url, max: 1, applicationName: 'sweep', log, lockTimeoutMs: 50 });
  cleanup(t, () => own.end());
  const table = new TableSweep({ pool: own, table: SWEPT, log, random }, { roundMs: 0, pauseMs: 0, blocks });
  const sweep = async (before = Date.now(), { pieces = Number.POSITIVE_INFINITY } = {}) => {
    const ending = new AbortController();
    let deleted = 0;
    let left = pieces;
    const onDeleted = (rows: number) => {
      deleted += rows;
      if (--left === 0) ending.abort();
    };
    await table.round(new Date(before), onDeleted, ending.signal);
    return deleted;
  };
  const count = async () => (await pool.query('SELECT FROM outbox')).rowCount ?? 0;
  return { url, pool, sweep, count };
}

/** Published two hours ago. */
async function insertOld(pool: pg.Pool, count: number): Promise<void> {
  await insertEvents(pool, count, () => ({ type: 'Old', body: JSON.stringify('x'.repeat(600)) }));
  await pool.query(`UPDATE outbox SET processed_at = now() - interval '2 hours'`);
}

async function refuseToDelete(pool: pg.Pool, position: number): Promise<void> {
  await pool.query(`
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'not this one'; END $$;
    CREATE TRIGGER refuse BEFORE DELETE ON outbox FOR EACH ROW WHEN (OLD.position = ${position}) EXECUTE FUNCTION refuse()`);
}
