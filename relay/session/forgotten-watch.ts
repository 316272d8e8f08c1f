import type pg from 'pg';
import type { Logger } from '../../src/core/log.ts';
import type { Lsn } from '../lsn.ts';
import { type Candidates, findCandidates, LOOK_COUNT, sendForgotten } from '../outbox/forgotten-rows.ts';
import type { OutboxTable } from '../outbox/outbox-table.ts';
import { RelayError } from '../relay-error.ts';

export interface ForgottenWatchDeps {
  readonly pool: pg.Pool;
  readonly table: OutboxTable;
  readonly slot: string;
  readonly epoch: bigint;
  readonly state: { readonly handledLsn: Lsn; readonly parkedOrders: Iterable<string> };
  readonly log: Logger;
}

const ORDERS_AT_ONCE = 1_000;

/**
 * Finds what nobody would ever send, because somebody has changed the table by hand: an order whose parked row was deleted, a row
 * whose mark was taken back. What still waits when everything is handled that had committed by the time it was seen is not in the
 * stream, nor is a request for it: then the relay asks for it itself.
 */
export class ForgottenWatch {
  readonly #deps: ForgottenWatchDeps;
  #seen: Candidates | undefined;
  /** How many of the held orders have been looked at in this turn. */
  #looked = 0;

  constructor(deps: ForgottenWatchDeps) {
    this.#deps = deps;
  }

  /** Looks at some of what waits. Throws what `pg` throws, and RECOVERY_REQUESTED when it is too much for requests one by one. */
  async look(): Promise<void> {
    const { pool, table, state } = this.#deps;
    const seen = this.#seen;
    if (seen && state.handledLsn < seen.end) return;
    const parked = [...state.parkedOrders];
    const stillParked = new Set(parked);
    // Of an order that has gone on since, nothing was forgotten.
    if (seen) await this.#send({ ...seen, orders: seen.orders.filter((order) => stillParked.has(order)) });
    if (this.#looked >= parked.length) this.#looked = 0;
    const orders = parked.slice(this.#looked, this.#looked + ORDERS_AT_ONCE);
    this.#looked += ORDERS_AT_ONCE;
    this.#seen = await findCandidates(pool, table, orders, seen?.after ?? 0n);
  }

  async #send(candidates: Candidates): Promise<void> {
    const { pool, table, log } = this.#deps;
    if (candidates.orders.length + candidates.messageIds.length === 0) return;
    const { requests, rows } = await sendForgotten(pool, table, this.#deps, candidates);
    if (requests > 0)
      log.warn(
        { requests, rows },
        'Rows of the outbox were changed or deleted by hand: what they held up is sent',
      );
    // One by one, millions would take days.
    if (rows === LOOK_COUNT)
      throw new RelayError('RECOVERY_REQUESTED', 'Many rows of the outbox were unmarked by hand');
  }
}
