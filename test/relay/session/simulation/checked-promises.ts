import type { Lsn } from '../../../../relay/lsn.ts';
import type { RelayLimits } from '../../../../relay/session/relay-limits.ts';
import { BrokenPromise } from './broken-promise.ts';
import type { SimulatedBroker } from './simulated-broker.ts';
import type { SimulatedPostgres } from './simulated-postgres.ts';
import type { Row, WalTransaction } from './simulated-row.ts';
import type { SimulatedSession } from './simulated-session.ts';

/** What a relay promises about what it has read, sent and settled. Each check throws BrokenPromise. */
export class CheckedPromises {
  readonly #postgres: SimulatedPostgres;
  readonly #broker: SimulatedBroker;
  readonly #limits: RelayLimits;
  /** How many transactions of the WAL are known to be settled. */
  #settled = 0;

  constructor(postgres: SimulatedPostgres, broker: SimulatedBroker, limits: RelayLimits) {
    this.#postgres = postgres;
    this.#broker = broker;
    this.#limits = limits;
  }

  /** Whenever nothing is left to be done at once. */
  check({ state, unsettled, inFlight, redriven }: SimulatedSession): void {
    if (!redriven && state.backlog.count !== unsettled)
      throw new BrokenPromise(`${unsettled} unsettled, not ${state.backlog.count}`);
    const ofEach = Map.groupBy(inFlight, ([row]) => row?.destination);
    for (const batches of ofEach.values())
      if (batches.length > this.#limits.maxInFlight) throw new BrokenPromise('Too much in flight');
  }

  /** After each event that it was given. */
  checkWindow({ state }: SimulatedSession): void {
    if (state.backlog.count > this.#limits.maxUnsettled) throw new BrokenPromise('The window was left');
  }

  /** To be asked before the batch is in flight. */
  checkBatch({ isDraining, inFlight }: SimulatedSession, batch: readonly Row[]): void {
    if (isDraining) throw new BrokenPromise('A send was begun after the stop');
    if (batch.length > this.#limits.maxBatchCount) throw new BrokenPromise('A batch of too many');
    if (new Set(batch.map(({ destination }) => destination)).size > 1)
      throw new BrokenPromise('A batch for several destinations');
    const orders = new Set(batch.map(({ order }) => order));
    if (this.#limits.oneOrderPerBatch && orders.size > 1)
      throw new BrokenPromise('A batch of several orders');
    for (const { id, order } of [...inFlight].flat()) {
      if (order !== undefined && orders.has(order))
        throw new BrokenPromise(`${order} is in flight already with ${id}`);
    }
  }

  /** Who starts here never sees again what committed before: each row of it must be settled. */
  mustBeSettled(lsn: Lsn, how: string): void {
    const { wal } = this.#postgres;
    for (; this.#settled < wal.length; this.#settled++) {
      const transaction = wal[this.#settled] as WalTransaction;
      if (transaction.commitLsn >= lsn) return;
      const open = transaction.rows.find((row) => !this.isSettled(row));
      if (open) throw new BrokenPromise(`${lsn} was ${how} while ${open.id} is not settled`);
    }
  }

  isSettled(row: Row): boolean {
    if (row.history) return true;
    // What waits for an operator waits in the table.
    const { settled, parked, deferred, dropped } = row;
    return row.ephemeral ? this.#broker.hasAccepted(row) : settled || parked || deferred || dropped;
  }

  /** Whether the broker has all but the orders that wait for this destination, as far as the relay knows, or are parked. */
  hasAllBut(destination: string): boolean {
    const rows = this.#postgres.wal.flatMap((transaction) => transaction.rows);
    const held = new Set(
      rows
        // Of what its own writer deleted nobody knows whether the relay knows that it was accepted.
        .filter((row) => row.ephemeral || !this.isSettled(row) || row.parked || row.deferred)
        .filter((row) => row.destination === destination || row.parked || row.deferred)
        .map((row) => row.order ?? row.id),
    );
    return rows.every(
      (row) => held.has(row.order ?? row.id) || row.history || row.dropped || this.#broker.hasAccepted(row),
    );
  }

  /** At rest the broker has all, and the progress says so. */
  mustBeComplete(): void {
    const { wal, progress } = this.#postgres;
    this.#broker.mustHaveAll(wal);
    if (progress.settledLsn === undefined || progress.settledLsn < (wal.at(-1)?.endLsn ?? 0n))
      throw new BrokenPromise('At rest, the progress does not reach the end');
  }
}
