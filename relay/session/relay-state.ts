import type { Lsn } from '../lsn.ts';
import type { SessionFigures } from '../monitoring/session-figures.ts';
import type { RedriveTarget } from '../outbox/operator-request.ts';
import type { OrderRows } from '../outbox/order-rows.ts';
import type { OutboxMessage } from '../outbox/outbox-message.ts';
import type { Transaction } from './ack-tracker.ts';
import type { Action } from './action.ts';
import { Backlog } from './backlog.ts';
import type { Mark, Marked } from './mark.ts';
import { ParkedOrders, type Redrive } from './parked-orders.ts';
import { type Parked, type Pending, type PendingOptions, toPending } from './pending.ts';
import { type Refusal, SendQueue, type SendQueueOptions, type Withdrawn } from './send-queue.ts';
import { Settlement } from './settlement.ts';
import { VerifyQueue } from './verify-queue.ts';

export interface RelayStateOptions extends SendQueueOptions, Pick<PendingOptions, 'prepare'> {
  readonly settledLsn: Lsn;
  readonly markedLsn: Lsn;
  /** Orders of which nothing is sent before a redrive. */
  readonly parkedOrders: Iterable<string>;
}

/**
 * Every decision of the relay between one connection to PostgreSQL and the next: what is sent when, what is marked, what
 * may be acknowledged. No I/O, no clock: events go in by methods, and `next` tells what to do.
 */
export class RelayState {
  readonly #options: RelayStateOptions;
  readonly #backlog: Backlog;
  readonly #unverified: VerifyQueue;
  readonly #parkedOrders: ParkedOrders;
  readonly #sending: SendQueue;
  readonly #settlement: Settlement;
  /** What was read from the table and is on its way: neither settled nor held up by itself. */
  readonly #redriven = new Set<Pending>();
  #open: Transaction | undefined;
  #draining = false;

  constructor(options: RelayStateOptions) {
    const { limits, settledLsn, markedLsn, parkedOrders } = options;
    this.#options = options;
    this.#backlog = new Backlog(limits);
    this.#unverified = new VerifyQueue(markedLsn);
    this.#parkedOrders = new ParkedOrders(parkedOrders);
    this.#sending = new SendQueue(options);
    this.#settlement = new Settlement({ ...limits, settledLsn, markedLsn });
  }

  // What arrives from the WAL, or from the table as one transaction.

  begin(commitLsn: Lsn, xid: number): Transaction {
    this.#open = this.#settlement.begin(commitLsn, xid);
    if (this.#unverified.isEmpty) this.#parkedOrders.passed(commitLsn);
    return this.#open;
  }

  insert(message: OutboxMessage): void {
    const transaction = this.#openTransaction();
    const pending = this.#take(message, transaction);
    if (this.#unverified.takes(transaction.commitLsn)) this.#unverified.push(pending);
    else this.#route(pending);
  }

  /** An operator wants what waits of an order, or a row of no order, to be sent. */
  redrive(target: RedriveTarget): void {
    this.#redrive(target, this.#openTransaction());
  }

  /** What the open transaction asks for is for the session after this one: nothing from it on is confirmed in this one. */
  leaveForNext(): void {
    this.#settlement.receive(this.#openTransaction());
  }

  commit(endLsn: Lsn): void {
    this.#settlement.commit(this.#openTransaction(), endLsn);
    this.#open = undefined;
  }

  /** The server's position: everything before it has been received. It counts only if everything is settled too. */
  keepalive(lsn: Lsn): void {
    this.#settlement.keepalive(lsn);
  }

  // What came of the actions.
  verified(messages: readonly Pending[], settledIds: ReadonlySet<string>): void {
    this.#unverified.answered();
    this.#settle(messages.filter(({ message }) => settledIds.has(message.messageId)));
    for (const pending of messages) {
      if (!settledIds.has(pending.message.messageId)) this.#route(pending);
    }
  }

  /** What the table holds of the order goes first, then what the stream has brought of it meanwhile. */
  read(redrive: Redrive, rows: OrderRows, now: number): void {
    if (!this.#parkedOrders.read(redrive, rows, now)) return;
    const { messages, refusedBefore } = rows;
    for (const message of messages) {
      const pending = this.#take(message, redrive.transaction, refusedBefore.has(message.messageId));
      this.#redriven.add(pending);
      this.#sending.push(pending);
    }
    if (!rows.isAll) return;
    const { redrives, aside } = this.#parkedOrders.finish(redrive.order, rows.endsAtParked);
    for (const pending of aside) this.#route(pending);
    for (const { transaction } of redrives) this.#settlement.settleRedrive(transaction);
    if (!this.#parkedOrders.hasRedrives) this.#backlog.forgetOrders();
  }

  accepted(batch: readonly Pending[], now: number): void {
    this.#sending.accepted(batch, now);
    this.#settlement.accept(batch, now);
  }

  /** Returns when the batch is tried again; undefined: it is parked. */
  rejected(batch: readonly Pending[], refusal: Refusal, now: number): number | undefined {
    const againAt = this.#sending.rejected(batch, refusal, now);
    const again = refusal.kind === 'refused' ? 'refused' : 'never';
    if (again === 'refused') for (const pending of batch) this.#redriven.delete(pending);
    if (againAt === undefined) this.#park(this.#sending.withdraw(batch, refusal.message), again);
    return againAt;
  }

  marked(mark: Mark, outcome: Marked, now: number): void {
    // No operator can find it to let its order go on.
    for (const { message, transaction } of outcome.gone ?? []) {
      if (message.aggregateId !== undefined) this.#redrive({ aggregateId: message.aggregateId }, transaction);
    }
    const settled = this.#settlement.marked(mark, outcome, now);
    this.#backlog.remove(settled);
    for (const pending of [...settled, ...(outcome.locked ?? [])]) this.#redriven.delete(pending);
  }

  // Decisions.

  /** The next thing to do now, or undefined. Each action is answered by its method above. */
  next(now: number, maxBatchBytes: number): Action | undefined {
    const action = this.#nextVerify() ?? this.#nextRead(now) ?? this.#nextSend(now, maxBatchBytes);
    if (action) return action;
    const mark = this.#settlement.next(now, this.#draining);
    return mark && { kind: 'mark', mark };
  }

  /** When `next` has to be asked again although nothing happened. */
  wakeAt(now: number): number | undefined {
    const reading = this.#draining ? undefined : this.#parkedOrders.wakeAt(now);
    const times = [reading, this.#sending.wakeAt(now), this.#settlement.wakeAt(this.#draining)];
    const at = Math.min(...times.map((time) => time ?? Number.POSITIVE_INFINITY));
    return Number.isFinite(at) ? at : undefined;
  }

  /** From here on nothing more is sent, and what was accepted is marked at once. */
  drain(): void {
    this.#draining = true;
  }

  get isDrained(): boolean {
    return this.#sending.inFlight === 0 && this.#settlement.isMarked;
  }

  /** How much is unsettled, and whether that is as much as may be: then nothing more should be read. */
  get backlog(): Pick<Backlog, 'count' | 'isFull'> {
    return this.#backlog;
  }

  /** See `Settlement`, as for the next one. */
  get storedLsn(): Lsn {
    return this.#settlement.storedLsn;
  }

  get handledLsn(): Lsn {
    return this.#settlement.handledLsn;
  }

  get unrepeatedLsn(): Lsn {
    return this.#settlement.unrepeatedLsn;
  }

  /** Of which nothing is sent: a message of theirs is parked, as far as is known here. */
  get parkedOrders(): Iterable<string> {
    return this.#parkedOrders.orders;
  }

  get figures(): SessionFigures {
    const { lockedRows } = this.#settlement;
    return { ...this.#sending.figures, lockedRows, parkedOrders: this.#parkedOrders.size };
  }

  #openTransaction(): Transaction {
    if (!this.#open) throw new Error('Outside of a transaction');
    return this.#open;
  }

  #redrive(target: RedriveTarget, transaction: Transaction): void {
    this.#settlement.receive(transaction);
    const order = 'aggregateId' in target ? target.aggregateId : target.messageId;
    this.#parkedOrders.redrive({ target, order, transaction });
  }

  #take(message: OutboxMessage, transaction: Transaction, wasRefused = false): Pending {
    const pending = toPending({ message, transaction, wasRefused }, this.#options);
    this.#settlement.receive(transaction);
    this.#backlog.add(pending);
    return pending;
  }

  /** They leave the way, and what is behind them of their orders waits in the table. */
  #park({ first, behind, reason }: Withdrawn, again: Parked['again']): void {
    for (const pending of first) {
      pending.parked = { reason, again };
      const { aggregateId } = pending.message;
      if (aggregateId !== undefined) this.#parkedOrders.park(aggregateId);
    }
    this.#settlement.park([...first, ...behind]);
  }

  #route(pending: Pending): void {
    const route = this.#parkedOrders.route(pending);
    if (route === 'send') this.#sending.push(pending);
    else if (route === 'defer') this.#settlement.park([pending]);
    else if (route === 'known') this.#settle([pending]);
  }

  #settle(messages: readonly Pending[]): void {
    this.#settlement.settle(messages);
    this.#backlog.remove(messages);
  }

  #nextVerify(): Action | undefined {
    for (const pending of this.#unverified.release()) this.#route(pending);
    const messages = this.#unverified.next();
    return messages && { kind: 'verify', messages };
  }

  /** Not while a whole batch of what was read is on its way: whatever else is to be sent waits behind it. */
  #nextRead(now: number): Action | undefined {
    if (this.#draining || this.#redriven.size >= this.#options.limits.maxBatchCount) return undefined;
    const redrives = this.#parkedOrders.nextToRead(now, (order) => this.#backlog.countOf(order));
    return redrives.length > 0 ? { kind: 'read', redrives } : undefined;
  }

  #nextSend(now: number, maxBatchBytes: number): Action | undefined {
    if (this.#draining) return undefined;
    const batch = this.#sending.next(now, maxBatchBytes);
    if (batch) return { kind: 'send', batch };
    for (const stuck of this.#sending.withdrawStuck(now, this.#backlog.isFull)) this.#park(stuck, 'away');
    return undefined;
  }
}
