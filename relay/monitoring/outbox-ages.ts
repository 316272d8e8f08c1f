import type pg from 'pg';
import { PARKED_OR_DEFERRED, selectMembers, UNSETTLED } from '../outbox/outbox-columns.ts';
import type { OutboxTable } from '../outbox/outbox-table.ts';
import type { Routing } from '../outbox/routing.ts';

/** What the table holds that nobody can send now. */
export interface ParkedEvents {
  /** The broker refuses them. */
  readonly parked: number;
  /** They wait behind one that is parked, or to be sent again. */
  readonly waiting: number;
  readonly oldestParkedAt: Date | null;
  /** How many of the parked ones each topic or queue would get. */
  readonly parkedByEntity: Readonly<Record<string, number>>;
}

interface ParkedOfType extends Pick<ParkedEvents, 'parked' | 'waiting' | 'oldestParkedAt'> {
  readonly messageType: string;
  readonly destination: string | null;
}

/** What waits in the table, and since when, whatever the relay itself believes. Every method throws what `pg` throws. */
export class OutboxAges {
  readonly #pool: pg.Pool;
  readonly #table: OutboxTable;

  constructor(pool: pg.Pool, table: OutboxTable) {
    this.#pool = pool;
    this.#table = table;
  }

  /** The oldest row, from this position on, that is unsettled and does not wait for a person. */
  async oldestDue(from: bigint): Promise<{ messageId: string; position: bigint } | undefined> {
    const { rows } = await this.#pool.query<{ messageId: string; position: string }>(
      `SELECT message_id::text AS "messageId", position FROM ${this.#table.outbox}
       WHERE ${UNSETTLED} AND deferred_at IS NULL AND position >= $1 ORDER BY position LIMIT 1`,
      [from],
    );
    return rows[0] && { messageId: rows[0].messageId, position: BigInt(rows[0].position) };
  }

  async oldestUnsettled(): Promise<{ messageId: string; createdAt: Date; error: string | null } | undefined> {
    const { rows } = await this.#pool.query<{ messageId: string; createdAt: Date; error: string | null }>(
      `SELECT message_id::text AS "messageId", created_at AS "createdAt", error_message AS error
       FROM ${this.#table.outbox} WHERE ${UNSETTLED} ORDER BY position LIMIT 1`,
    );
    return rows[0];
  }

  async parkedEvents(routing: Routing): Promise<ParkedEvents> {
    const { rows } = await this.#pool.query<ParkedOfType>(
      `SELECT ${selectMembers(['messageType', 'destination'])},
         count(*) FILTER (WHERE parked_at IS NOT NULL)::int AS parked,
         count(*) FILTER (WHERE parked_at IS NULL)::int AS waiting, min(parked_at) AS "oldestParkedAt"
       FROM ${this.#table.outbox} WHERE ${PARKED_OR_DEFERRED} GROUP BY 1, 2`,
    );
    const parkedByEntity: Record<string, number> = {};
    let [parked, waiting, oldest] = [0, 0, Number.POSITIVE_INFINITY];
    for (const row of rows) {
      parked += row.parked;
      waiting += row.waiting;
      oldest = Math.min(oldest, row.oldestParkedAt?.getTime() ?? oldest);
      const entity = routing.destinationOf(row);
      if (row.parked > 0) parkedByEntity[entity] = (parkedByEntity[entity] ?? 0) + row.parked;
    }
    return {
      parked,
      waiting,
      oldestParkedAt: Number.isFinite(oldest) ? new Date(oldest) : null,
      parkedByEntity,
    };
  }
}
