import type { Mark } from '../../../../relay/session/mark.ts';
import type { Pending } from '../../../../relay/session/pending.ts';
import type { LookUp } from './simulated-postgres.ts';
import type { Row } from './simulated-row.ts';
import type { SimulatedSession } from './simulated-session.ts';
import type { Surroundings } from './surroundings.ts';

/** A mark on its way to the table, and the answer back. */
export class SimulatedMark {
  readonly #surroundings: Surroundings;
  readonly #session: SimulatedSession;
  readonly #mark: Mark;
  readonly #ids: readonly string[];

  constructor(surroundings: Surroundings, session: SimulatedSession, mark: Mark) {
    this.#surroundings = surroundings;
    this.#session = session;
    this.#mark = mark;
    this.#ids = mark.messages.map(({ message }) => message.messageId);
  }

  begin(): void {
    this.#surroundings.schedule.later('postgres', () => this.#write());
  }

  #write(): void {
    const { schedule, postgres, broker, promises } = this.#surroundings;
    const left = this.#left();
    const progressStored = this.#store(left) && left.length === 0;
    broker.forbidRepeat(this.#ids.filter((id) => postgres.row(id).settled));
    if (progressStored) promises.mustBeSettled(this.#mark.settledLsn, 'stored as settled');
    // The answer can be lost: then it is written again.
    if (this.#surroundings.trouble(0.05)) this.begin();
    else schedule.later('relay', () => this.#answer(progressStored, new Set(left)));
  }

  /** What cannot be written, because rows are locked. */
  #left(): string[] {
    const { schedule, postgres } = this.#surroundings;
    const locked = postgres.lockedOf(this.#ids, schedule.now);
    if (this.#mark.as === 'accepted') return this.#ids.filter((id) => locked.has(id));
    // Of what is to be parked, an order goes as a whole or not at all.
    const orderOf = (id: string) => postgres.row(id).order ?? id;
    const orders = new Set([...locked].map(orderOf));
    return this.#ids.filter((id) => orders.has(orderOf(id)));
  }

  /** Writes all but what is left; false if some of it is not visible yet. */
  #store(left: readonly string[]): boolean {
    const { schedule, postgres } = this.#surroundings;
    const { as, settledLsn, markedLsn } = this.#mark;
    const free = this.#ids.filter((id) => !left.includes(id));
    const progress =
      left.length > 0
        ? { ...postgres.progress, markedLsn }
        : { settledLsn: settledLsn === 0n ? undefined : settledLsn, markedLsn };
    return as === 'accepted'
      ? postgres.mark(free, progress, schedule.now)
      : postgres.hold(free, (id) => this.#isParked(id), progress, schedule.now);
  }

  #answer(progressStored: boolean, left: ReadonlySet<string>): void {
    const { schedule, postgres, broker } = this.#surroundings;
    const { messages } = this.#mark;
    const session = this.#session;
    const lookUp = postgres.look(this.#ids, schedule.now);
    const locked = messages.filter(({ message }) => left.has(message.messageId));
    const again = messages.filter(
      ({ message }) => !left.has(message.messageId) && this.#isToBeMarkedAgain(message.messageId, lookUp),
    );
    const gone = messages.filter(
      ({ message }) =>
        this.#isGone(message.messageId, lookUp) || (!progressStored && this.#wasDone(message.messageId)),
    );
    for (const row of this.#rowsOf(messages)) session.locked.delete(row);
    for (const row of this.#rowsOf(locked)) session.locked.add(row);
    broker.excuse(this.#rowsOf(gone));
    if (gone.length > 0) session.redriven = true;
    schedule.later('relay', () => {
      session.unsettled -= this.#ids.length - (progressStored ? 0 : again.length) - locked.length;
      session.state.marked(
        this.#mark,
        { again: progressStored ? [] : again, locked, gone, progressStored },
        schedule.now,
      );
      session.confirm();
    });
  }

  #isToBeMarkedAgain(id: string, { present, settled, isVisible }: LookUp): boolean {
    const { transaction, deferred } = this.#surroundings.postgres.row(id);
    if (!present.has(id)) return !(transaction && isVisible(transaction));
    return !settled.has(id) && !(this.#mark.as === 'parked' && !this.#isParked(id) && deferred);
  }

  /** What was settled before it could be parked. */
  #wasDone(id: string): boolean {
    const { settled, dropped } = this.#surroundings.postgres.row(id);
    return this.#mark.as === 'parked' && this.#isParked(id) && (settled || dropped);
  }

  /** What its own writer deleted, nobody can send. */
  #isGone(id: string, { present, isVisible }: LookUp): boolean {
    const { transaction } = this.#surroundings.postgres.row(id);
    return (
      this.#mark.as === 'parked' && !present.has(id) && transaction !== undefined && isVisible(transaction)
    );
  }

  #isParked(id: string): boolean {
    return this.#mark.messages.some(
      ({ message, parked }) => message.messageId === id && parked !== undefined,
    );
  }

  #rowsOf(messages: readonly Pending[]): Row[] {
    return messages.map(({ message }) => this.#surroundings.postgres.row(message.messageId));
  }
}
