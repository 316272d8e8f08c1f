import type pg from 'pg';
import { PARKED_OR_DEFERRED, UNSETTLED } from '../outbox/outbox-columns.ts';
import type { OutboxTable } from '../outbox/outbox-table.ts';

/** What the table holds that nobody can send now. */
export interface ParkedEvents {
  /** The broker refuses them. */
  readonly parked: number;
  /** They wait behind one that is parked, or to be sent again. */
  readonly waiting: number;
  readonly oldestParkedAt: Date | null;
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

  async parkedEvents(): Promise<ParkedEvents> {
    const { rows } = await this.#pool.query<ParkedEvents>(
      `SELECT count(*) FILTER (WHERE parked_at IS NOT NULL)::int AS parked,
         count(*) FILTER (WHERE parked_at IS NULL)::int AS waiting, min(parked_at) AS "oldestParkedAt"
       FROM ${this.#table.outbox} WHERE ${PARKED_OR_DEFERRED}`,
    );
    return rows[0] ?? { parked: 0, waiting: 0, oldestParkedAt: null };
  }
}
