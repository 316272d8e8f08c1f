import { type Lsn, maxLsn } from '../../../../relay/lsn.ts';
import type { Action } from '../../../../relay/session/action.ts';
import type { Mark } from '../../../../relay/session/mark.ts';
import type { Redrive } from '../../../../relay/session/parked-orders.ts';
import type { Pending } from '../../../../relay/session/pending.ts';
import type { RelayLimits } from '../../../../relay/session/relay-limits.ts';
import type { RelayState } from '../../../../relay/session/relay-state.ts';
import type { Refusal } from '../../../../relay/session/send-queue.ts';
import { prepareInMemory } from '../../../support/memory-publisher.ts';
import { outboxMessage } from '../../outbox/outbox-messages.ts';
import { Schedule } from './schedule.ts';
import { SeededRandom } from './seeded-random.ts';
import { BrokenPromise, SimulatedBroker } from './simulated-broker.ts';
import { type Row, SimulatedPostgres, type WalTransaction } from './simulated-postgres.ts';

export type OpenState = (options: ConstructorParameters<typeof RelayState>[0]) => RelayState;

const ORDERS = ['A', 'B', 'C', 'D'];
const STEPS = 250;
const WEIGHTS = {
  write: 40,
  deliver: 30,
  wait: 30,
  keepalive: 8,
  status: 8,
  writeElsewhere: 5,
  checkpoint: 3,
  stopRelay: 1.5,
  crashRelay: 1,
  crashPostgres: 0.5,
  loseSlot: 0.3,
  retryParked: 2,
  dropParked: 0.5,
  lockRow: 1,
};
/** More than any history needs: who gets there goes round in circles. */
const MOST_WAITS = 20_000;

/** One connection of the relay to PostgreSQL. */
interface Run {
  readonly state: RelayState;
  /** Where the stream stands: at which transaction, and how many of its events have been delivered. */
  transaction: number;
  events: number;
  /** Rows of the table that are still to be fed, before anything of the stream. */
  feed: { readonly rows: readonly Row[]; readonly consistentLsn: Lsn; fed: number } | undefined;
  readonly from: Lsn;
  readonly inFlight: Set<readonly Row[]>;
  /** What it could not mark the last time, because the rows were locked. */
  readonly locked: Set<Row>;
  /** How many rows it was given and does not know to be settled. */
  unsettled: number;
  draining: boolean;
  /** From then on what is unsettled is the state's own affair: it knows rows from the table and from the stream as one. */
  redriven: boolean;
  wakeAt: number | undefined;
}

/**
 * Plays the writers, PostgreSQL, the broker and the relay's process around one RelayState after the other, by chance but the
 * same for the same seed, and checks each promise at each step: `play` throws BrokenPromise.
 */
export class Simulation {
  readonly #random: SeededRandom;
  readonly #openState: OpenState;
  readonly #heldWhen: 'snapshot' | 'later';
  readonly #limits: RelayLimits;
  readonly #maxBatchBytes: number;
  readonly #postgres: SimulatedPostgres;
  readonly #broker = new SimulatedBroker();
  /** How often the broker will still refuse a row. */
  readonly #poison = new Map<Row, number>();
  /** How often it will say no to a row without a reason that the relay knows. */
  readonly #declined = new Map<Row, number>();
  /** It takes single messages only, and does not say so. */
  readonly #refusesBatches: boolean;
  /** How many transactions of the WAL are known to be settled. */
  #settled = 0;
  readonly #schedule: Schedule;
  #run: Run;
  #healed = false;

  readonly #actions: Readonly<Record<keyof typeof WEIGHTS, () => void>> = {
    write: () => {
      const transaction = this.#postgres.write(this.#schedule.now);
      if (transaction) this.#committed(transaction);
    },
    deliver: () => this.#deliver(1 + this.#random.below(8)),
    wait: () => void this.#wait(),
    keepalive: () => this.#keepalive(),
    status: () => this.#confirm(),
    writeElsewhere: () => this.#postgres.writeElsewhere(),
    checkpoint: () => this.#postgres.checkpoint(),
    stopRelay: () => this.#stopRelay(),
    crashRelay: () => this.#crashRelay(),
    crashPostgres: () => {
      this.#postgres.crash(this.#schedule.now);
      this.#stopRelay(); // it loses the stream, settles what is in flight, and comes again
    },
    loseSlot: () => {
      this.#postgres.slot = undefined;
      this.#crashRelay();
    },
    retryParked: () => this.#release('retry'),
    dropParked: () => this.#release('drop'),
    lockRow: () => this.#postgres.lockRow(this.#schedule.now + this.#random.below(4_000)),
  };

  /** `heldWhen`: later is a relay that reads what is held after the snapshot of the slot, which is wrong. */
  constructor(seed: number, openState: OpenState, heldWhen: 'snapshot' | 'later' = 'snapshot') {
    const random = new SeededRandom(seed);
    this.#random = random;
    this.#openState = openState;
    this.#heldWhen = heldWhen;
    this.#limits = {
      oneOrderPerBatch: random.chance(0.3),
      maxInFlight: 1 + random.below(4),
      maxBytesSinceOldest: 8 * 1024 * 1024,
      maxBatchCount: 1 + random.below(6),
      maxUnsettled: 3 + random.below(30),
      maxUnsettledBytes: random.chance(0.3) ? 5_000 : 1_000_000,
      markCount: 1 + random.below(8),
      markAfterMs: random.below(50),
    };
    this.#maxBatchBytes = random.chance(0.3) ? 1_500 : 100_000;
    this.#refusesBatches = random.chance(0.1);
    this.#schedule = new Schedule(random);
    this.#postgres = new SimulatedPostgres(random, ORDERS);
    this.#run = this.#start();
  }

  play(): void {
    for (let step = 0; step < STEPS; step++) this.#actions[this.#random.weighted(WEIGHTS)]();

    this.#healed = true;
    this.#postgres.unlockRows();
    for (const transaction of this.#postgres.commitAll(this.#schedule.now)) this.#committed(transaction);
    this.#comeToRest();
    // What the broker refuses can be parked again; its refusals come to an end.
    while (this.#postgres.parked.length > 0) {
      this.#release('retry');
      this.#comeToRest();
    }
    this.#broker.mustHaveAll(this.#postgres.wal);
    const { settledLsn } = this.#postgres.progress;
    if (settledLsn === undefined || settledLsn < (this.#postgres.wal.at(-1)?.endLsn ?? 0n))
      throw new BrokenPromise('At rest, the progress does not reach the end');

    const stored = this.#broker.stored;
    this.#stopRelay();
    this.#comeToRest();
    if (this.#broker.stored > stored) throw new BrokenPromise('With all settled, a restart sent something');
  }

  #committed(transaction: WalTransaction): void {
    this.#broker.committed(transaction);
    for (const row of transaction.rows) {
      if (this.#random.chance(0.03)) this.#poison.set(row, 1 + this.#random.below(3));
      if (this.#random.chance(0.03)) this.#declined.set(row, 1 + this.#random.below(30));
    }
  }

  /** An operator looks after a message that is parked, or after all of them. */
  #release(how: 'retry' | 'drop'): void {
    const { parked } = this.#postgres;
    if (parked.length === 0) return;
    const rows = this.#random.chance(0.3) ? parked : [this.#random.pick(parked)];
    if (how === 'drop') this.#broker.excuse(rows);
    this.#committed(this.#postgres.release(rows, how, this.#schedule.now));
  }

  // The relay's process.

  #start(): Run {
    const { rows, progress, slot } = this.#postgres;
    // What its own writer deleted leaves no trace of having been sent.
    this.#broker.allowRepeat([...rows.values()].filter((row) => row.ephemeral));
    if (slot && progress.settledLsn !== undefined)
      return this.#open(maxLsn(progress.settledLsn, slot.confirmedLsn), this.#postgres.parkedOrders());

    this.#broker.excuse(
      [...rows.values()].filter((row) => row.ephemeral && row.transaction && !this.#isSettled(row)),
    );
    this.#postgres.progress = { settledLsn: undefined, markedLsn: 0n };
    const { consistentLsn, unsettled, parkedOrders } = this.#postgres.makeSlot();
    // An operator is at it while the relay begins.
    if (this.#random.chance(0.3)) this.#release('retry');
    return this.#open(consistentLsn, parkedOrders, unsettled);
  }

  #open(from: Lsn, parkedOrders: ReadonlySet<string>, table?: readonly Row[]): Run {
    const { wal, progress } = this.#postgres;
    const first = wal.findIndex(({ commitLsn }) => commitLsn >= from);
    const state = this.#openState({
      limits: this.#limits,
      random: () => this.#random.next(),
      settledLsn: table ? 0n : from,
      markedLsn: progress.markedLsn,
      parkedOrders:
        this.#heldWhen === 'snapshot'
          ? parkedOrders
          : this.#postgres.parkedOrders({ deferred: table === undefined }),
      prepare: prepareInMemory,
    });
    if (table) state.begin(from, 0);
    return {
      state,
      transaction: first === -1 ? wal.length : first,
      events: 0,
      feed: table && { rows: table, consistentLsn: from, fed: 0 },
      from,
      inFlight: new Set(),
      locked: new Set(),
      unsettled: 0,
      draining: false,
      redriven: false,
      wakeAt: undefined,
    };
  }

  #stopRelay(): void {
    const run = this.#run;
    run.draining = true;
    run.state.drain();
    this.#pump();
    for (let waits = 0; !run.state.isDrained; waits++) {
      if (!this.#wait() || waits > MOST_WAITS) throw new BrokenPromise('A stop waits for nothing');
    }
    this.#confirm();
    this.#schedule.dropAllButBroker();
    // What was locked until the end was sent, and nobody has written so.
    this.#broker.allowRepeat(run.locked);
    this.#run = this.#start();
  }

  #crashRelay(): void {
    const marks = this.#schedule.dropAllButBroker().filter(({ owner }) => owner === 'postgres');
    for (const mark of marks) {
      if (this.#random.chance(0.5)) mark.happen();
    }
    this.#schedule.dropAllButBroker();
    const { rows, progress } = this.#postgres;
    // Beyond the stored fence a restart does not ask the table.
    const unknown = ({ settled, transaction }: Row) =>
      !settled || (transaction?.commitLsn ?? 0n) > progress.markedLsn;
    this.#broker.allowRepeat([...rows.values()].filter(unknown));
    this.#run = this.#start();
  }

  // The stream.

  /** Hands on some events, as long as the relay reads. */
  #deliver(count: number): void {
    const run = this.#run;
    for (let i = 0; i < count && !run.state.backlog.isFull; i++) {
      if (run.feed) this.#feedOne(run, run.feed);
      else this.#streamOne(run);
      if (run.state.backlog.count > this.#limits.maxUnsettled) throw new BrokenPromise('The window was left');
    }
    this.#pump();
  }

  #feedOne(run: Run, feed: NonNullable<Run['feed']>): void {
    const row = feed.rows[feed.fed++];
    if (row) this.#give(run, row);
    else {
      run.state.commit(feed.consistentLsn);
      run.feed = undefined;
    }
  }

  #streamOne(run: Run): void {
    const transaction = this.#postgres.wal[run.transaction];
    if (!transaction) return;
    const row = transaction.rows[run.events - 1];
    if (run.events === 0) run.state.begin(transaction.commitLsn, transaction.xid);
    else if (row) {
      if (!row.history) this.#give(run, row);
    } else {
      for (const row of transaction.redrives) this.#redrive(run, row);
      run.state.commit(transaction.endLsn);
      run.transaction++;
      run.events = 0;
      return;
    }
    run.events++;
  }

  #redrive(run: Run, row: Row): void {
    run.redriven = true;
    run.state.redrive(row.order === undefined ? { messageId: row.id } : { aggregateId: row.order });
  }

  #give(run: Run, row: Row): void {
    run.unsettled++;
    run.state.insert(outboxMessage(row.id, row.order));
  }

  /** The server tells how far it has sent: inside of a transaction, up to its commit. */
  #keepalive(): void {
    const { wal, walEnd } = this.#postgres;
    const { feed, transaction, state } = this.#run;
    if (feed) return; // nothing is read meanwhile
    state.keepalive(transaction < wal.length ? (wal[transaction - 1]?.endLsn ?? 0n) : walEnd);
    this.#check();
  }

  #confirm(): void {
    const { slot } = this.#postgres;
    if (!slot) return;
    const { state, from } = this.#run;
    if (state.handledLsn > from) this.#mustBeSettled(state.handledLsn, 'told to be handled');
    if (state.storedLsn > from) this.#mustBeSettled(state.storedLsn, 'confirmed');
    slot.confirmedLsn = maxLsn(slot.confirmedLsn, state.storedLsn);
  }

  // What the state asks for.

  /** As the session does: everything that is to be done now, then a timer for the rest. */
  #pump(): void {
    const run = this.#run;
    for (;;) {
      const action = run.state.next(this.#schedule.now, this.#maxBatchBytes);
      if (!action) break;
      this.#perform(run, action);
    }
    run.wakeAt = run.state.wakeAt(this.#schedule.now);
    if (run.wakeAt !== undefined && run.wakeAt <= this.#schedule.now)
      throw new BrokenPromise('It wakes for nothing');
    this.#check();
  }

  #perform(run: Run, action: Action): void {
    switch (action.kind) {
      case 'verify':
        this.#verify(run, action.messages);
        break;
      case 'send':
        this.#send(run, action.batch);
        break;
      case 'mark':
        this.#mark(run, action.mark);
        break;
      case 'read':
        this.#read(run, action.redrives);
        break;
    }
  }

  #verify(run: Run, messages: readonly Pending[]): void {
    this.#schedule.later('relay', () => {
      const { settled } = this.#postgres.look(idsOf(messages), this.#schedule.now);
      this.#schedule.later('relay', () => {
        run.unsettled -= settled.size;
        run.state.verified(messages, settled);
      });
    });
  }

  #read(run: Run, redrives: readonly Redrive[]): void {
    const asked = redrives.map(({ target }) => {
      const isMeant = ({ id, order }: Row) =>
        'aggregateId' in target ? order === target.aggregateId : id === target.messageId;
      const row = [...this.#postgres.rows.values()].find(isMeant);
      if (!row) throw new BrokenPromise('Nobody has asked for what it reads');
      return row;
    });
    this.#schedule.later('relay', () => {
      const limit = 1 + this.#random.below(4);
      const orders = asked.map((row) => this.#postgres.readOrder(row, limit, this.#schedule.now));
      this.#schedule.later('relay', () => {
        for (const [at, { rows, ...what }] of orders.entries()) {
          const messages = rows.map(({ id, order }) => outboxMessage(id, order));
          const refusedBefore = new Set(rows.filter((each) => this.#declined.has(each)).map(({ id }) => id));
          const { now } = this.#schedule;
          run.state.read(redrives[at] as Redrive, { ...what, messages, refusedBefore }, now);
        }
      });
    });
  }

  #send(run: Run, batch: readonly Pending[]): void {
    const rows = batch.map(({ message }) => this.#row(message.messageId));
    if (run.draining) throw new BrokenPromise('A send was begun after the stop');
    this.#checkBatch(run, rows);
    run.inFlight.add(rows);
    let givenUp = false;
    const answer = (happen: () => void) => {
      this.#schedule.later('relay', () => {
        run.inFlight.delete(rows);
        happen();
      });
    };
    const reject = (refusal: Refusal) =>
      answer(() => void run.state.rejected(batch, refusal, this.#schedule.now));
    const giveUp = () => {
      givenUp = true;
      this.#broker.allowRepeat(rows);
      reject(REFUSALS.unknown);
    };
    const arrive = () => {
      const late = givenUp || run !== this.#run;
      const refused = rows.find((row) => (this.#poison.get(row) ?? 0) > 0);
      if (refused && !late) {
        this.#poison.set(refused, (this.#poison.get(refused) ?? 0) - 1);
        return reject(REFUSALS.poison);
      }
      if (refused) return;
      if (!late && this.#declines(rows)) return reject(REFUSALS.refused);
      this.#broker.store(rows, late);
      if (late) return;
      if (this.#trouble(0.05)) return giveUp();
      answer(() => run.state.accepted(batch, this.#schedule.now));
    };

    if (this.#trouble(0.08)) reject(this.#random.pick([REFUSALS.busy, REFUSALS.transient]));
    else if (this.#trouble(0.04)) {
      // Nobody knows whether it is lost or only slow.
      giveUp();
      if (this.#random.chance(0.5)) this.#schedule.later('broker', arrive);
    } else this.#schedule.later('broker', arrive);
  }

  #declines(rows: readonly Row[]): boolean {
    if (this.#refusesBatches && rows.length > 1) return true;
    const declined = rows.find((row) => (this.#declined.get(row) ?? 0) > 0);
    if (declined) this.#declined.set(declined, (this.#declined.get(declined) ?? 0) - 1);
    return declined !== undefined;
  }

  #mark(run: Run, mark: Mark): void {
    const ids = idsOf(mark.messages);
    const { as, settledLsn, markedLsn } = mark;
    const isParked = (id: string) =>
      mark.messages.some(({ message, parked }) => message.messageId === id && parked !== undefined);
    const progress = { settledLsn: settledLsn === 0n ? undefined : settledLsn, markedLsn };
    const answer = (progressStored: boolean, lockedIds: ReadonlySet<string>) => {
      const { present, settled, isVisible } = this.#postgres.look(ids, this.#schedule.now);
      const locked = mark.messages.filter(({ message }) => lockedIds.has(message.messageId));
      const again = mark.messages.filter(({ message: { messageId } }) => {
        if (lockedIds.has(messageId)) return false;
        const { transaction } = this.#row(messageId);
        if (!present.has(messageId)) return !(transaction && isVisible(transaction));
        return (
          !settled.has(messageId) &&
          !(as === 'parked' && !isParked(messageId) && this.#row(messageId).deferred)
        );
      });
      // What its own writer deleted, nobody can send.
      const gone = mark.messages.filter(({ message: { messageId } }) => {
        const { transaction } = this.#row(messageId);
        return as === 'parked' && !present.has(messageId) && transaction && isVisible(transaction);
      });
      for (const { message } of mark.messages) run.locked.delete(this.#row(message.messageId));
      for (const { message } of locked) run.locked.add(this.#row(message.messageId));
      this.#broker.excuse(gone.map(({ message }) => this.#row(message.messageId)));
      if (gone.length > 0) run.redriven = true;
      this.#schedule.later('relay', () => {
        run.unsettled -= ids.length - (progressStored ? 0 : again.length) - locked.length;
        run.state.marked(
          mark,
          { again: progressStored ? [] : again, locked, gone, progressStored },
          this.#schedule.now,
        );
        this.#confirm();
      });
    };
    const write = () => {
      const { now } = this.#schedule;
      const locked = this.#postgres.lockedOf(ids, now);
      // Of what is to be parked, an order goes as a whole or not at all.
      const orders = new Set([...locked].map((id) => this.#row(id).order ?? id));
      const left = ids.filter((id) =>
        as === 'parked' ? orders.has(this.#row(id).order ?? id) : locked.has(id),
      );
      const free = ids.filter((id) => !left.includes(id));
      const known = left.length > 0 ? { ...this.#postgres.progress, markedLsn } : progress;
      const stored =
        as === 'accepted'
          ? this.#postgres.mark(free, known, now)
          : this.#postgres.hold(free, isParked, known, now);
      const progressStored = stored && left.length === 0;
      this.#broker.forbidRepeat(ids.filter((id) => this.#row(id).settled));
      if (progressStored) this.#mustBeSettled(settledLsn, 'stored as settled');
      // The answer can be lost: then it is written again.
      if (this.#trouble(0.05)) this.#schedule.later('postgres', write);
      else this.#schedule.later('relay', () => answer(progressStored, new Set(left)));
    };
    this.#schedule.later('postgres', write);
  }

  // Time.

  /** Goes on to the next thing that happens; false if there is none. */
  #wait(): boolean {
    const next = this.#schedule.next(this.#run.wakeAt);
    if (!next) return false;
    if (next !== 'timer') next.happen();
    // The timer alone, or an answer; a broker's step is none of the relay's business.
    if (next === 'timer' || next.owner !== 'broker') this.#pump();
    return true;
  }

  /** Until nothing is under way, nothing waits and the whole WAL has been taken in. */
  #comeToRest(): void {
    for (let waits = 0; waits < MOST_WAITS; waits++) {
      this.#deliver(20);
      if (this.#wait()) continue;
      const { feed, transaction, state } = this.#run;
      if (!feed && transaction === this.#postgres.wal.length && state.backlog.count === 0) return;
      if (state.backlog.isFull || state.backlog.count > 0)
        throw new BrokenPromise(`${state.backlog.count} rows wait for nothing`);
    }
    throw new BrokenPromise('It does not come to rest');
  }

  #trouble(probability: number): boolean {
    return !this.#healed && this.#random.chance(probability);
  }

  // The promises.

  #check(): void {
    const { state, unsettled, inFlight, redriven } = this.#run;
    if (!redriven && state.backlog.count !== unsettled)
      throw new BrokenPromise(`${unsettled} unsettled, not ${state.backlog.count}`);
    if (inFlight.size > this.#limits.maxInFlight) throw new BrokenPromise('Too much in flight');
  }

  #checkBatch(run: Run, rows: readonly Row[]): void {
    if (rows.length > this.#limits.maxBatchCount) throw new BrokenPromise('A batch of too many');
    const orders = new Set(rows.map(({ order }) => order));
    if (this.#limits.oneOrderPerBatch && orders.size > 1)
      throw new BrokenPromise('A batch of several orders');
    for (const { id, order } of [...run.inFlight].flat()) {
      if (order !== undefined && orders.has(order))
        throw new BrokenPromise(`${order} is in flight already with ${id}`);
    }
  }

  /** Who starts here never sees again what committed before: each row of it must be settled. */
  #mustBeSettled(lsn: Lsn, how: string): void {
    const { wal } = this.#postgres;
    for (; this.#settled < wal.length; this.#settled++) {
      const transaction = wal[this.#settled] as WalTransaction;
      if (transaction.commitLsn >= lsn) return;
      const open = transaction.rows.find((row) => !this.#isSettled(row));
      if (open) throw new BrokenPromise(`${lsn} was ${how} while ${open.id} is not settled`);
    }
  }

  #isSettled(row: Row): boolean {
    if (row.history) return true;
    // What waits for an operator waits in the table.
    const { settled, parked, deferred, dropped } = row;
    return row.ephemeral ? this.#broker.hasAccepted(row) : settled || parked || deferred || dropped;
  }

  #row(id: string): Row {
    const row = this.#postgres.rows.get(id);
    if (!row) throw new BrokenPromise(`${id} is no row`);
    return row;
  }
}

const REFUSALS = {
  busy: { kind: 'transient', message: '', retryAfterMs: 2_000 },
  transient: { kind: 'transient', message: '', retryAfterMs: 0 },
  unknown: { kind: 'transient', message: '', retryAfterMs: 0 },
  poison: { kind: 'poison', message: '', retryAfterMs: 0 },
  refused: { kind: 'refused', message: '', retryAfterMs: 0 },
} satisfies Record<string, Refusal>;

function idsOf(messages: readonly Pending[]): string[] {
  return messages.map(({ message }) => message.messageId);
}
