import assert from 'node:assert/strict';
import type pg from 'pg';
import type { Arrival, TestBroker } from '../../support/memory-publisher.ts';
import { untilAllMarked } from '../../support/relay.ts';
import { until } from '../../support/until.ts';
import type { Load } from './load.ts';

/** The ids of the rows that are not marked: all that a relay which dies now may send again. */
export async function unmarkedIds(db: pg.Pool): Promise<Set<string>> {
  const { rows } = await db.query<{ id: string }>(
    'SELECT message_id::text AS id FROM outbox WHERE processed_at IS NULL',
  );
  return new Set(rows.map(({ id }) => id));
}

/**
 * Waits until every row is marked, then holds what the broker took against the table: of several databases, against all of their
 * tables, and no order may be in two of them. Returns what was sent again.
 */
export async function checkDelivery<A extends Arrival>(
  db: pg.Pool | readonly pg.Pool[],
  bus: TestBroker<A>,
): Promise<A[]> {
  const tables: Committed[][] = [];
  for (const each of [db].flat()) {
    await untilAllMarked(each);
    tables.push(await readOutbox(each));
  }
  const lanes = tables.flatMap((table) => [...new Set(table.map(({ lane }) => lane))]);
  assert.equal(new Set(lanes).size, lanes.length, 'each order is in one database');
  return checkAgainst(bus, tables.flat());
}

async function readOutbox(db: pg.Pool): Promise<Committed[]> {
  const { rows } = await db.query<Row>(
    `SELECT message_id::text AS id, message_body::text AS body, coalesce(aggregate_id, message_id::text) AS lane, position
     FROM outbox`,
  );
  return rows.map(({ position, ...row }) => ({ ...row, position: BigInt(position) }));
}

/** The same against what the writers remember, once they have stopped: also where the table is not what it was. */
export async function checkLoadDelivered<A extends Arrival>(bus: TestBroker<A>, load: Load): Promise<A[]> {
  await load.stop();
  const ids = new Set<string | undefined>(load.committed.keys());
  const allArrived = () => ids.isSubsetOf(new Set(bus.journal.entries().map(({ messageId }) => messageId)));
  // What is missing is told by its ids.
  await until('all of the load has arrived', allArrived).catch(() => undefined);
  return checkAgainst(
    bus,
    [...load.committed].map(([id, { order, n }]) => ({
      id,
      body: `{"n": ${n}}`,
      lane: order,
      position: BigInt(n),
    })),
  );
}

interface Committed {
  readonly id: string;
  readonly body: string;
  /** What it has to be in the order of. */
  readonly lane: string;
  readonly position: bigint;
}

type Row = Omit<Committed, 'position'> & { readonly position: string };

/** Nothing lost, nothing that was not committed, no byte altered, no order out of its order. Returns what came again. */
function checkAgainst<A extends Arrival>({ journal }: TestBroker<A>, committed: readonly Committed[]): A[] {
  const byId = new Map(committed.map((one) => [one.id, one]));
  const seen = new Set<string>();
  const lastOfLane = new Map<string, bigint>();
  const repeats: A[] = [];

  for (const entry of journal.entries()) {
    const one = byId.get(entry.messageId ?? '');
    assert.ok(one, `${entry.subject} (${entry.messageId}) was never committed`);
    assert.equal(entry.body.toString(), one.body, `the body of ${one.id}`);
    if (seen.has(one.id)) {
      repeats.push(entry);
      continue;
    }
    seen.add(one.id);
    assert.ok(one.position > (lastOfLane.get(one.lane) ?? 0n), `${one.lane}: ${one.id} came too late`);
    lastOfLane.set(one.lane, one.position);
  }
  const lost = committed.filter(({ id }) => !seen.has(id)).map(({ id }) => id);
  assert.deepEqual(lost, [], `lost of ${committed.length}`);
  return repeats;
}
