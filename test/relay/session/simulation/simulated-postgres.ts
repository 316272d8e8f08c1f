import type { Lsn } from '../../../../relay/lsn.ts';
import { BrokenPromise } from './broken-promise.ts';
import type { SeededRandom } from './seeded-random.ts';
import type { Row, WalTransaction } from './simulated-row.ts';

export interface Progress {
  readonly settledLsn: Lsn | undefined;
  readonly markedLsn: Lsn;
}

export interface LookUp {
  readonly present: Set<string>;
  readonly settled: Set<string>;
  readonly isVisible: (transaction: WalTransaction) => boolean;
}

/** The table, the WAL, the slot and the progress row, as far as they matter to the relay. Writers interleave. */
export class SimulatedPostgres {
  readonly wal: WalTransaction[] = [];
  readonly rows = new Map<string, Row>();
  walEnd: Lsn = 100n;
  progress: Progress = { settledLsn: undefined, markedLsn: 0n };
  /** Undefined: there is no slot. `savedLsn` is where it stands again after a crash. */
  slot: { confirmedLsn: Lsn; savedLsn: Lsn } | undefined;
  readonly #locked = new Map<string, number>();
  readonly #random: SeededRandom;
  readonly #orders: readonly string[];
  readonly #destinations: readonly string[];
  #open: { xid: number; rows: Row[] }[] = [];
  #xid = 1_000;
  /** What a committed transaction has changed in rows, as soon as others see it. */
  #changes: { readonly transaction: WalTransaction; readonly apply: () => void }[] = [];

  constructor(random: SeededRandom, orders: readonly string[], destinations: readonly string[]) {
    this.#random = random;
    this.#orders = orders;
    this.#destinations = destinations;
  }

  row(id: string): Row {
    const row = this.rows.get(id);
    if (!row) throw new BrokenPromise(`${id} is no row`);
    return row;
  }

  /** One step of one writer: begin, insert, commit or roll back. Returns what a commit has added to the WAL. */
  write(now: number): WalTransaction | undefined {
    const random = this.#random;
    if (this.#open.length < 3 && random.chance(0.4)) {
      this.#open.push({ xid: this.#xid++, rows: [] });
      return undefined;
    }
    const writer = random.pick(this.#open);
    if (!writer) return undefined;
    if (random.chance(0.6)) {
      writer.rows.push(this.#insert());
      return undefined;
    }
    this.#open = this.#open.filter((open) => open !== writer);
    return random.chance(0.1) ? undefined : this.#commit(writer, now);
  }

  commitAll(now: number): WalTransaction[] {
    const writers = this.#open;
    this.#open = [];
    return writers.map((writer) => this.#commit(writer, now));
  }

  /** WAL that is none of the relay's business. */
  writeElsewhere(): void {
    this.walEnd += BigInt(this.#random.below(this.#random.chance(0.3) ? 5_000 : 50));
  }

  checkpoint(): void {
    if (this.slot) this.slot.savedLsn = this.slot.confirmedLsn;
  }

  crash(now: number): void {
    this.#open = [];
    if (this.slot) this.slot.confirmedLsn = this.slot.savedLsn;
    for (const transaction of this.wal) transaction.visibleAt = Math.min(transaction.visibleAt, now);
    this.#showChanges(now);
  }

  /** An operator has parked rows sent again, or drops them, in one statement. */
  release(redrives: readonly Row[], how: 'retry' | 'drop', now: number): WalTransaction {
    const transaction = this.#commit({ xid: this.#xid++, rows: [], redrives }, now);
    const apply = () => {
      for (const row of redrives) {
        row.parked = false;
        row.deferred = how === 'retry';
        row.dropped = how === 'drop';
      }
    };
    this.#changes.push({ transaction, apply });
    this.#showChanges(now);
    return transaction;
  }

  /** The parked rows that nobody has taken up. */
  get parked(): Row[] {
    const taken = new Set(this.#changes.flatMap(({ transaction }) => transaction.redrives));
    return [...this.rows.values()].filter(
      (row) => row.parked && !row.settled && !row.dropped && !taken.has(row),
    );
  }

  /** Parks rows or defers them, and stores the progress, as the relay's one statement does. */
  hold(ids: readonly string[], isParked: (id: string) => boolean, progress: Progress, now: number): boolean {
    const { present } = this.look(ids, now);
    if (present.size !== ids.length) return false;
    for (const id of present) {
      const row = this.row(id);
      if (isParked(id)) row.parked = !row.settled && !row.dropped;
      else row.deferred = !row.parked;
    }
    // What was settled before holds up nothing: that has to be dealt with first.
    if (ids.some((id) => isParked(id) && !this.row(id).parked)) return false;
    this.progress = progress;
    return true;
  }

  /** What waits of the redriven row's order, in order, up to the first that is parked. */
  readOrder({ order, id }: Row, limit: number, now: number) {
    this.#showChanges(now);
    const visible = this.wal.filter((transaction) => transaction.visibleAt <= now);
    const xids = new Set(visible.map(({ xid }) => xid));
    const found = visible
      .flatMap((transaction) => transaction.rows)
      .filter((row) => (order === undefined ? row.id === id : row.order === order))
      .filter((row) => (row.parked || row.deferred) && !row.settled && !row.dropped)
      .slice(0, limit);
    const parkedAt = found.findIndex((row) => row.parked);
    return {
      rows: parkedAt === -1 ? found : found.slice(0, parkedAt),
      isAll: parkedAt !== -1 || found.length < limit,
      endsAtParked: parkedAt !== -1,
      readUpTo: this.walEnd,
      // 0 stands for what was read from the table.
      isVisible: (xid: number) => xid === 0 || xids.has(xid),
    };
  }

  parkedOrders({ deferred } = { deferred: true }): Set<string> {
    const held = [...this.rows.values()].filter(
      (row) => (row.parked || (deferred && row.deferred)) && !row.settled && !row.dropped,
    );
    return new Set(held.flatMap(({ order }) => order ?? []));
  }

  /** Marks rows and stores the progress, as the relay's one statement does. */
  mark(ids: readonly string[], progress: Progress, now: number): boolean {
    const { present } = this.look(ids, now);
    for (const id of present) this.row(id).settled = true;
    if (present.size !== ids.length) return false;
    this.progress = progress;
    return true;
  }

  look(ids: readonly string[], now: number): LookUp {
    this.#showChanges(now);
    const isVisible = (transaction: WalTransaction) => transaction.visibleAt <= now;
    const rows = ids.map((id) => this.row(id));
    const found = rows.filter((row) => !row.ephemeral && row.transaction && isVisible(row.transaction));
    const settled = found.filter((row) => row.settled || row.parked || row.dropped);
    const idsOf = (list: Row[]) => new Set(list.map(({ id }) => id));
    return { present: idsOf(found), settled: idsOf(settled), isVisible };
  }

  /** Another session locks a row that is not settled. */
  lockRow(until: number): void {
    const open = [...this.rows.values()].filter((row) => row.transaction && !row.settled);
    const row = this.#random.pick(open);
    if (row) this.#locked.set(row.id, until);
  }

  unlockRows(): void {
    this.#locked.clear();
  }

  /** Which of these are locked. */
  lockedOf(ids: readonly string[], now: number): Set<string> {
    return new Set(ids.filter((id) => (this.#locked.get(id) ?? 0) > now));
  }

  /** Makes the slot anew. Returns its consistent point and what the table holds unsettled before it. */
  makeSlot(): { consistentLsn: Lsn; unsettled: Row[]; parkedOrders: Set<string> } {
    this.slot = { confirmedLsn: this.walEnd, savedLsn: this.walEnd };
    this.#showChanges(Number.POSITIVE_INFINITY); // it has waited for all that were open
    const rows = this.wal.flatMap((transaction) => transaction.rows);
    return {
      consistentLsn: this.walEnd,
      parkedOrders: this.parkedOrders({ deferred: false }),
      unsettled: rows.filter(
        (row) => !(row.settled || row.parked || row.dropped || row.history || row.ephemeral),
      ),
    };
  }

  #insert(): Row {
    const random = this.#random;
    const row: Row = {
      id: `m${this.rows.size}`,
      order: random.chance(0.1) ? undefined : random.pick(this.#orders),
      destination: random.pick(this.#destinations) ?? '',
      history: random.chance(0.05),
      ephemeral: random.chance(0.05),
      settled: false,
      parked: false,
      deferred: false,
      dropped: false,
      transaction: undefined,
    };
    this.rows.set(row.id, row);
    return row;
  }

  #commit(
    { xid, rows, redrives = [] }: { xid: number; rows: Row[]; redrives?: readonly Row[] },
    now: number,
  ): WalTransaction {
    // Transactions side by side: one often begins its commit exactly where the one before has ended.
    const commitLsn = this.walEnd + (this.#random.chance(0.5) ? 0n : BigInt(this.#random.below(10)));
    const visibleAt = now + (this.#random.chance(0.2) ? this.#random.below(80) : 0);
    const transaction: WalTransaction = { xid, commitLsn, endLsn: commitLsn + 2n, rows, redrives, visibleAt };
    for (const row of rows) row.transaction = transaction;
    this.wal.push(transaction);
    this.walEnd = transaction.endLsn;
    return transaction;
  }

  #showChanges(now: number): void {
    for (const { apply } of this.#changes.filter(({ transaction }) => transaction.visibleAt <= now)) apply();
    this.#changes = this.#changes.filter(({ transaction }) => transaction.visibleAt > now);
  }
}
