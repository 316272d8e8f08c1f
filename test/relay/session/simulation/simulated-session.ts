import { type Lsn, maxLsn } from '../../../../relay/lsn.ts';
import type { RelayState } from '../../../../relay/session/relay-state.ts';
import { outboxMessage } from '../../outbox/outbox-messages.ts';
import type { Row } from './simulated-row.ts';
import type { Surroundings } from './surroundings.ts';

/** Rows of the table, and how many of them have been handed on. */
interface Feed {
  readonly rows: readonly Row[];
  fed: number;
}

/** One connection of the relay to PostgreSQL: hands the table and the stream to a state, and confirms what that has settled. */
export class SimulatedSession {
  readonly state: RelayState;
  readonly inFlight = new Set<readonly Row[]>();
  /** What it could not mark the last time, because the rows were locked. */
  readonly locked = new Set<Row>();
  /** How many rows it was given and does not know to be settled. */
  unsettled = 0;
  isDraining = false;
  /** Another session has followed it, or will. */
  isOver = false;
  /** From then on what is unsettled is the state's own affair: it knows rows from the table and from the stream as one. */
  redriven = false;
  wakeAt: number | undefined;
  readonly #surroundings: Surroundings;
  readonly #from: Lsn;
  /** Where the stream stands: at which transaction, and how many of its events have been delivered. */
  #transaction: number;
  #events = 0;
  /** What comes before anything of the stream. */
  #feed: Feed | undefined;

  /** `table`: the rows with which a recovery begins. */
  constructor(surroundings: Surroundings, state: RelayState, from: Lsn, table?: readonly Row[]) {
    const { wal } = surroundings.postgres;
    const first = wal.findIndex(({ commitLsn }) => commitLsn >= from);
    this.#surroundings = surroundings;
    this.state = state;
    this.#from = from;
    this.#transaction = first === -1 ? wal.length : first;
    this.#feed = table && { rows: table, fed: 0 };
    if (table) state.begin(from, 0);
  }

  /** Whether table and WAL have been handed on to their ends. */
  get isAtEnd(): boolean {
    return !this.#feed && this.#transaction === this.#surroundings.postgres.wal.length;
  }

  /** Hands on the next event, if there is one. */
  deliverOne(): void {
    if (this.#feed) this.#feedOne(this.#feed);
    else this.#streamOne();
  }

  /** The server tells how far it has sent: inside of a transaction, up to its commit. */
  keepalive(): void {
    const { postgres, promises } = this.#surroundings;
    const { wal, walEnd } = postgres;
    if (this.#feed) return; // nothing is read meanwhile
    this.state.keepalive(
      this.#transaction < wal.length ? (wal[this.#transaction - 1]?.endLsn ?? 0n) : walEnd,
    );
    promises.check(this);
  }

  /** Tells the slot how far everything is settled. */
  confirm(): void {
    const { postgres, promises } = this.#surroundings;
    const { slot } = postgres;
    if (!slot) return;
    const { state } = this;
    if (state.handledLsn > this.#from) promises.mustBeSettled(state.handledLsn, 'told to be handled');
    if (state.storedLsn > this.#from) promises.mustBeSettled(state.storedLsn, 'confirmed');
    slot.confirmedLsn = maxLsn(slot.confirmedLsn, state.storedLsn);
  }

  #feedOne(feed: Feed): void {
    const row = feed.rows[feed.fed++];
    if (row) this.#give(row);
    else {
      this.state.commit(this.#from);
      this.#feed = undefined;
    }
  }

  #streamOne(): void {
    const transaction = this.#surroundings.postgres.wal[this.#transaction];
    if (!transaction) return;
    const row = transaction.rows[this.#events - 1];
    if (this.#events === 0) this.state.begin(transaction.commitLsn, transaction.xid);
    else if (row) {
      if (!row.history) this.#give(row);
    } else {
      for (const row of transaction.redrives) this.#redrive(row);
      this.state.commit(transaction.endLsn);
      this.#transaction++;
      this.#events = 0;
      return;
    }
    this.#events++;
  }

  #redrive(row: Row): void {
    this.redriven = true;
    this.state.redrive(row.order === undefined ? { messageId: row.id } : { aggregateId: row.order });
  }

  #give(row: Row): void {
    this.unsettled++;
    const { id, order, destination } = row;
    this.state.insert(outboxMessage(id, order, { destination }));
  }
}
