import type pg from 'pg';
import { type Lsn, parseLsn } from '../lsn.ts';
import type { OutboxTable } from '../outbox/outbox-table.ts';
import { THIS_CLUSTER } from './cluster.ts';

/** How far everything is settled, as the last relay left it. */
export interface Progress {
  /** Undefined while the table has not been settled for this slot. */
  readonly settledLsn: Lsn | undefined;
  readonly markedLsn: Lsn;
  readonly publicationVersion: string | undefined;
  readonly epoch: bigint;
  /** The cluster that it was written in. */
  readonly systemIdentifier: string;
  readonly timeline: number;
  /** When an operator last said that the relay is to go on with this database as it is. */
  readonly operatorConfirmedAt: Date | undefined;
}

/** Who has the slot, and from where its stream goes on. Every method throws what `pg` throws. */
export class ProgressStore {
  readonly #pool: pg.Pool;
  readonly #table: OutboxTable;

  constructor(pool: pg.Pool, table: OutboxTable) {
    this.#pool = pool;
    this.#table = table;
  }

  async find(slot: string): Promise<Progress | undefined> {
    const { rows } = await this.#pool.query<ProgressRow>(
      `SELECT * FROM ${this.#table.progress} WHERE slot = $1`,
      [slot],
    );
    const [row] = rows;
    return (
      row && {
        settledLsn: row.settled_lsn === null ? undefined : parseLsn(row.settled_lsn),
        markedLsn: row.marked_lsn === null ? 0n : parseLsn(row.marked_lsn),
        publicationVersion: row.publication_version ?? undefined,
        epoch: BigInt(row.epoch),
        systemIdentifier: row.system_identifier,
        timeline: row.timeline,
        operatorConfirmedAt: row.confirmed_at ?? undefined,
      }
    );
  }

  /**
   * Forgets how far everything is settled, so that a restart settles the table anew; returns the new epoch, or undefined if
   * the progress is not the one of this epoch any more (0: there was none).
   */
  async restart(slot: string, epoch: bigint): Promise<bigint | undefined> {
    const { rows } = await this.#pool.query<{ epoch: string }>(
      `INSERT INTO ${this.#table.progress} AS progress (slot, epoch, system_identifier, timeline)
       SELECT $1, 1, system_identifier, timeline FROM (${THIS_CLUSTER}) this_cluster
       ON CONFLICT (slot) DO UPDATE SET epoch = progress.epoch + 1, settled_lsn = NULL, marked_lsn = NULL,
         system_identifier = excluded.system_identifier, timeline = excluded.timeline, updated_at = now()
       WHERE progress.epoch = $2
       RETURNING epoch`,
      [slot, epoch],
    );
    return rows[0] && BigInt(rows[0].epoch);
  }

  /**
   * Makes this relay, which holds the slot, the only one whose progress counts, in the cluster as it is now, and returns its
   * epoch; undefined if the progress is not the one of this epoch any more: then what was decided on it does not hold.
   */
  async claim(slot: string, epoch: bigint, publicationVersion: string): Promise<bigint | undefined> {
    const { rows } = await this.#pool.query<{ epoch: string }>(
      `UPDATE ${this.#table.progress} SET epoch = epoch + 1, publication_version = $3, updated_at = now(),
         system_identifier = this_cluster.system_identifier, timeline = this_cluster.timeline
       FROM (${THIS_CLUSTER}) this_cluster WHERE slot = $1 AND epoch = $2 RETURNING epoch`,
      [slot, epoch, publicationVersion],
    );
    return rows[0] && BigInt(rows[0].epoch);
  }
}

interface ProgressRow {
  settled_lsn: string | null;
  marked_lsn: string | null;
  publication_version: string | null;
  epoch: string;
  system_identifier: string;
  timeline: number;
  confirmed_at: Date | null;
}
