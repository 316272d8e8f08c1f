import assert from 'node:assert/strict';
import type pg from 'pg';
import type { JournalEntry } from '../../../dev/service-bus/journal.ts';
import type { LocalServiceBus } from '../../../dev/service-bus/service-bus.ts';
import { until } from '../../support/until.ts';

/** The ids of the rows that are not marked: all that a relay which dies now may send again. */
export async function unmarkedIds(db: pg.Pool): Promise<Set<string>> {
  const { rows } = await db.query<{ id: string }>(
    'SELECT message_id::text AS id FROM outbox WHERE processed_at IS NULL',
  );
  return new Set(rows.map(({ id }) => id));
}

/**
 * Waits until every row is marked, then holds what the broker took against the table: nothing lost, nothing that was not
 * committed, no byte altered, no order out of its order. Returns what was sent again.
 */
export async function checkDelivery(db: pg.Pool, bus: LocalServiceBus): Promise<JournalEntry[]> {
  const allMarked = async () => {
    const { rowCount } = await db.query('SELECT FROM outbox WHERE processed_at IS NULL LIMIT 1');
    return rowCount === 0;
  };
  await until('every row is marked', allMarked, 60_000);
  const { rows } = await db.query<{ id: string; body: string; lane: string; position: string }>(
    `SELECT message_id::text AS id, message_body::text AS body, coalesce(aggregate_id, message_id::text) AS lane, position
     FROM outbox`,
  );
  const committed = new Map(rows.map((row) => [row.id, row]));
  const seen = new Set<string>();
  const lastOfLane = new Map<string, bigint>();
  const repeats: JournalEntry[] = [];

  for (const entry of bus.journal.entries()) {
    const row = committed.get(entry.messageId ?? '');
    assert.ok(row, `${entry.subject} (${entry.messageId}) was never committed`);
    assert.equal(entry.body.toString(), row.body, `the body of ${row.id}`);
    if (seen.has(row.id)) {
      repeats.push(entry);
      continue;
    }
    seen.add(row.id);
    const position = BigInt(row.position);
    assert.ok(position > (lastOfLane.get(row.lane) ?? 0n), `${row.lane}: ${row.id} came too late`);
    lastOfLane.set(row.lane, position);
  }
  assert.deepEqual(
    rows.filter(({ id }) => !seen.has(id)).map(({ id }) => id),
    [],
    'what was lost',
  );
  return repeats;
}
