import { type Lsn, maxLsn } from '../../../../relay/lsn.ts';
import type { RelayState } from '../../../../relay/session/relay-state.ts';
import { prepareInMemory } from '../../../support/memory-publisher.ts';
import { BrokenPromise } from './broken-promise.ts';
import { performAction } from './perform-action.ts';
import type { Row } from './simulated-row.ts';
import { SimulatedSession } from './simulated-session.ts';
import type { Surroundings } from './surroundings.ts';

export type OpenState = (options: ConstructorParameters<typeof RelayState>[0]) => RelayState;

/** More than any history needs: who gets there goes round in circles. */
const MOST_WAITS = 20_000;

/** The relay's process: one session after the other, until it has stopped or crashed. */
export class SimulatedRelay {
  readonly #surroundings: Surroundings;
  readonly #openState: OpenState;
  readonly #heldWhen: 'snapshot' | 'later';
  #session: SimulatedSession;

  /** `heldWhen`: as for the Simulation. */
  constructor(surroundings: Surroundings, openState: OpenState, heldWhen: 'snapshot' | 'later') {
    this.#surroundings = surroundings;
    this.#openState = openState;
    this.#heldWhen = heldWhen;
    this.#session = this.#start();
  }

  /** Stops in good order, and starts again. */
  restart(): void {
    const { schedule, broker } = this.#surroundings;
    const session = this.#session;
    session.isDraining = true;
    session.state.drain();
    this.#pump();
    for (let waits = 0; !session.state.isDrained; waits++) {
      if (!this.wait() || waits > MOST_WAITS) throw new BrokenPromise('A stop waits for nothing');
    }
    session.confirm();
    schedule.dropAllButBroker();
    // What was locked until the end was sent, and nobody has written so.
    broker.allowRepeat(session.locked);
    this.#startAnew();
  }

  /** Ends at once, and starts again. */
  crash(): void {
    const { random, schedule, postgres, broker } = this.#surroundings;
    const marks = schedule.dropAllButBroker().filter(({ owner }) => owner === 'postgres');
    for (const mark of marks) {
      if (random.chance(0.5)) mark.happen();
    }
    schedule.dropAllButBroker();
    const { rows, progress } = postgres;
    // Beyond the stored fence a restart does not ask the table.
    const unknown = ({ settled, transaction }: Row) =>
      !settled || (transaction?.commitLsn ?? 0n) > progress.markedLsn;
    broker.allowRepeat([...rows.values()].filter(unknown));
    this.#startAnew();
  }

  /** Hands on some events, as long as the relay reads. */
  deliver(count: number): void {
    const session = this.#session;
    for (let i = 0; i < count && !session.state.backlog.isFull; i++) {
      session.deliverOne();
      this.#surroundings.promises.checkWindow(session);
    }
    this.#pump();
  }

  keepalive(): void {
    this.#session.keepalive();
  }

  confirm(): void {
    this.#session.confirm();
  }

  /** Goes on to the next thing that happens; false if there is none. */
  wait(): boolean {
    const next = this.#surroundings.schedule.next(this.#session.wakeAt);
    if (!next) return false;
    if (next !== 'timer') next.happen();
    // The timer alone, or an answer; a broker's step is none of the relay's business.
    if (next === 'timer' || next.owner !== 'broker') this.#pump();
    return true;
  }

  /** Until nothing is under way, nothing waits and the whole WAL has been taken in. */
  comeToRest(): void {
    for (let waits = 0; waits < MOST_WAITS; waits++) {
      this.deliver(20);
      if (this.wait()) continue;
      const { isAtEnd, state } = this.#session;
      if (isAtEnd && state.backlog.count === 0) return;
      if (state.backlog.isFull || state.backlog.count > 0)
        throw new BrokenPromise(`${state.backlog.count} rows wait for nothing`);
    }
    throw new BrokenPromise('It does not come to rest');
  }

  /** Until what has nothing to do with a destination that is away has been sent, which must not wait for it. */
  sendAllBut(destination: string): void {
    for (let waits = 0; waits < MOST_WAITS; waits++) {
      this.deliver(20);
      // Not each time: it looks at every row.
      if (waits % 16 === 0 && this.#surroundings.promises.hasAllBut(destination)) return;
      this.wait();
    }
    throw new BrokenPromise(`${destination} is away, and holds up the others`);
  }

  #startAnew(): void {
    this.#session.isOver = true;
    this.#session = this.#start();
  }

  #start(): SimulatedSession {
    const { random, postgres, broker, promises } = this.#surroundings;
    const { rows, progress, slot } = postgres;
    // What its own writer deleted leaves no trace of having been sent.
    broker.allowRepeat([...rows.values()].filter((row) => row.ephemeral));
    if (slot && progress.settledLsn !== undefined)
      return this.#open(maxLsn(progress.settledLsn, slot.confirmedLsn), postgres.parkedOrders());

    broker.excuse(
      [...rows.values()].filter((row) => row.ephemeral && row.transaction && !promises.isSettled(row)),
    );
    postgres.progress = { settledLsn: undefined, markedLsn: 0n };
    const { consistentLsn, unsettled, parkedOrders } = postgres.makeSlot();
    // An operator is at it while the relay begins.
    if (random.chance(0.3)) this.#surroundings.release('retry');
    return this.#open(consistentLsn, parkedOrders, unsettled);
  }

  #open(from: Lsn, parkedOrders: ReadonlySet<string>, table?: readonly Row[]): SimulatedSession {
    const { random, limits, postgres, destinations } = this.#surroundings;
    const state = this.#openState({
      limits,
      random: () => random.next(),
      destinations,
      settledLsn: table ? 0n : from,
      markedLsn: postgres.progress.markedLsn,
      parkedOrders:
        this.#heldWhen === 'snapshot'
          ? parkedOrders
          : postgres.parkedOrders({ deferred: table === undefined }),
      prepare: prepareInMemory,
    });
    return new SimulatedSession(this.#surroundings, state, from, table);
  }

  /** As the session does: everything that is to be done now, then a timer for the rest. */
  #pump(): void {
    const { schedule, maxBatchBytes, promises } = this.#surroundings;
    const session = this.#session;
    for (;;) {
      const action = session.state.next(schedule.now, maxBatchBytes);
      if (!action) break;
      performAction(this.#surroundings, session, action);
    }
    session.wakeAt = session.state.wakeAt(schedule.now);
    if (session.wakeAt !== undefined && session.wakeAt <= schedule.now)
      throw new BrokenPromise('It wakes for nothing');
    promises.check(session);
  }
}
