import type { Lsn } from '../lsn.ts';
import type { RedriveTarget } from '../outbox/operator-request.ts';
import { type OutboxMessage, wireBytes } from '../outbox/outbox-message.ts';
import type { PublishFailure } from '../publishing/service-bus/classify-failure.ts';
import type { Transaction } from './ack-tracker.ts';
import { Lanes } from './lanes.ts';
import { HeldOrders, type Redrive } from './parked-orders.ts';
import type { RelayLimits } from './relay-limits.ts';
import { SendGate } from './send-gate.ts';
import { type Mark, type MarkOutcome, type Pending, Settlement } from './settlement.ts';

export type Effect =
  | { readonly kind: 'verify'; readonly messages: readonly Pending[] }
  | { readonly kind: 'send'; readonly batch: readonly Pending[] }
  | { readonly kind: 'mark'; readonly mark: Mark }
  | { readonly kind: 'read'; readonly redrive: Redrive };

/** What the table holds of an order that is to be sent again. */
export interface OrderRows {
  /** What waits there, up to the first message that is parked, in order; some of it, if there is more. */
  readonly messages: readonly OutboxMessage[];
  readonly isAll: boolean;
  /** A message after these is parked. */
  readonly isHeld: boolean;
  /** No transaction that the rows were read from committed after it. */
  readonly readUpTo: Lsn;
  /** Whether the rows were read with a transaction's changes in sight. */
  readonly isVisible: (xid: number) => boolean;
}

const VERIFY_COUNT = 1_000;
const READ_AGAIN_MS = 10;

export interface RelayStateOptions {
  readonly limits: RelayLimits;
  readonly random: () => number;
  readonly settledLsn: Lsn;
  readonly markedLsn: Lsn;
  /** Orders of which nothing is sent before a redrive. */
  readonly heldOrders: Iterable<string>;
}

/**
 * Every decision of the relay between one connection to PostgreSQL and the next: what is sent when, what is marked, what
 * may be acknowledged. No I/O, no clock: events go in by methods, and `next` tells what to do.
 */
export class RelayState {
  readonly #limits: RelayLimits;
  readonly #lanes = new Lanes<Pending>();
  readonly #gate: SendGate;
  readonly #settlement: Settlement;
  /** Rows that committed up to here may have been settled by an earlier run, so the table is asked first. */
  readonly #verifyUpTo: Lsn;

  #open: Transaction | undefined;
  #unverified: Pending[] = [];
  #verifying = false;
  readonly #heldOrders: HeldOrders;
  #reading = false;
  #readNotBefore = 0;
  #draining = false;
  #unsettled = 0;
  #unsettledBytes = 0;

  constructor(options: RelayStateOptions) {
    const { limits, random, settledLsn, markedLsn, heldOrders } = options;
    this.#limits = limits;
    this.#heldOrders = new HeldOrders(heldOrders);
    this.#gate = new SendGate(limits.maxInFlight, random);
    this.#settlement = new Settlement({ ...limits, settledLsn, markedLsn });
    this.#verifyUpTo = markedLsn;
  }

  // What arrives from the WAL, or from the table as one transaction.

  begin(commitLsn: Lsn, xid: number): void {
    this.#open = this.#settlement.begin(commitLsn, xid);
    if (this.#unverified.length === 0 && !this.#verifying) this.#heldOrders.passed(commitLsn);
  }

  insert(message: OutboxMessage): void {
    const transaction = this.#open;
    if (!transaction) throw new Error('A row outside of a transaction');
    const pending = this.#take(message, transaction);
    // Nothing passes a row that is still to be looked up: it may be of the same order.
    const behind = this.#verifying || this.#unverified.length > 0;
    if (behind || transaction.commitLsn <= this.#verifyUpTo) this.#unverified.push(pending);
    else this.#route(pending);
  }

  /** An operator wants what waits of an order, or a row of no order, to be sent. */
  redrive(target: RedriveTarget): void {
    if (!this.#open) throw new Error('A redrive outside of a transaction');
    this.#redrive(target, this.#open);
  }

  /** What the open transaction asks for is for the session after this one: nothing from it on is confirmed in this one. */
  leaveForNext(): void {
    if (!this.#open) throw new Error('A request outside of a transaction');
    this.#open.unsettled++;
  }

  commit(endLsn: Lsn): void {
    if (!this.#open) throw new Error('A commit outside of a transaction');
    this.#settlement.commit(this.#open, endLsn);
    this.#open = undefined;
  }

  /** The server's position: everything before it has been received. It counts only if everything is settled too. */
  keepalive(lsn: Lsn): void {
    this.#settlement.keepalive(lsn);
  }

  // What came of the effects.

  verified(messages: readonly Pending[], settledIds: ReadonlySet<string>): void {
    this.#verifying = false;
    const settled = messages.filter(({ message }) => settledIds.has(message.messageId));
    this.#settlement.settle(settled);
    this.#forget(settled);
    for (const pending of messages) {
      if (!settledIds.has(pending.message.messageId)) this.#route(pending);
    }
  }

  /** What the table holds of the order goes first, then what the stream has brought of it meanwhile. */
  read(redrive: Redrive, rows: OrderRows, now: number): void {
    this.#reading = false;
    const answered = this.#heldOrders.answeredBy(redrive);
    if (!answered.every(({ transaction }) => rows.isVisible(transaction.xid))) {
      this.#readNotBefore = now + READ_AGAIN_MS;
      return;
    }
    this.#heldOrders.markRead(
      rows.messages.map(({ messageId }) => messageId),
      rows.readUpTo,
    );
    for (const message of rows.messages) this.#lanes.push(this.#take(message, redrive.transaction));
    if (!rows.isAll) return;
    for (const pending of this.#heldOrders.finish(answered, rows.isHeld)) this.#route(pending);
    for (const { transaction } of answered) this.#settlement.settleRedrive(transaction);
  }

  accepted(batch: readonly Pending[], now: number): void {
    this.#gate.accepted(batch, now);
    this.#settlement.accept(batch, now);
    this.#lanes.release(batch);
  }

  /** Returns when the batch is tried again; undefined: never, it is parked. */
  rejected(batch: readonly Pending[], failure: PublishFailure, now: number): number | undefined {
    if (failure.kind !== 'poison') {
      this.#lanes.restore(batch);
      return this.#gate.refused(batch, failure, now);
    }
    this.#gate.refusedAlone(batch);
    const [pending] = batch;
    if (pending && batch.length === 1) {
      this.#park(pending, failure.message);
      return undefined;
    }
    for (const each of batch) each.alone = true;
    this.#lanes.restore(batch);
    return now;
  }

  marked(mark: Mark, outcome: MarkOutcome, now: number): void {
    // No operator can find it to let its order go on.
    for (const { message, transaction } of outcome.gone ?? []) {
      if (message.aggregateId !== undefined) this.#redrive({ aggregateId: message.aggregateId }, transaction);
    }
    this.#forget(this.#settlement.marked(mark, outcome, now));
  }

  // Decisions.

  /** The next thing to do now, or undefined. Each effect is answered by its method above. */
  next(now: number, maxBatchBytes: number): Effect | undefined {
    return (
      this.#nextVerify() ?? this.#nextRead(now) ?? this.#nextSend(now, maxBatchBytes) ?? this.#nextMark(now)
    );
  }

  /** When `next` has to be asked again although nothing happened. */
  wakeAt(now: number): number | undefined {
    const times: number[] = [];
    if (this.#readNotBefore > now && !this.#draining) times.push(this.#readNotBefore);
    if (this.#lanes.waiting > 0 && this.#gate.pausedUntil > now) times.push(this.#gate.pausedUntil);
    const markAt = this.#settlement.wakeAt(this.#draining);
    if (markAt !== undefined) times.push(markAt);
    return times.length > 0 ? Math.min(...times) : undefined;
  }

  /** From here on nothing more is sent, and what was accepted is marked at once. */
  drain(): void {
    this.#draining = true;
  }

  get isDrained(): boolean {
    return this.#gate.inFlight === 0 && this.#settlement.isMarked;
  }

  /** As much is unsettled as may be: nothing more should be read. */
  get isFull(): boolean {
    const { maxUnsettled, maxUnsettledBytes } = this.#limits;
    return this.#unsettled >= maxUnsettled || this.#unsettledBytes >= maxUnsettledBytes;
  }

  /** See `Settlement`. */
  get storedLsn(): Lsn {
    return this.#settlement.storedLsn;
  }

  /** See `Settlement`. */
  get handledLsn(): Lsn {
    return this.#settlement.handledLsn;
  }

  get unsettled(): number {
    return this.#unsettled;
  }

  /** Sends refused in a row. */
  get failures(): number {
    return this.#gate.failures;
  }

  /** How many orders wait for an operator. */
  get heldOrders(): number {
    return this.#heldOrders.size;
  }

  #redrive(target: RedriveTarget, transaction: Transaction): void {
    transaction.unsettled++;
    const lane = 'aggregateId' in target ? target.aggregateId : this.#laneOfNoOrder(target.messageId);
    this.#heldOrders.redrive({ target, lane, transaction });
  }

  #take(message: OutboxMessage, transaction: Transaction): Pending {
    const lane = message.aggregateId ?? this.#laneOfNoOrder(message.messageId);
    const bytes = wireBytes(message);
    transaction.unsettled++;
    this.#unsettled++;
    this.#unsettledBytes += bytes;
    return { message, transaction, lane, bytes, alone: false, parkedBecause: undefined };
  }

  #laneOfNoOrder(messageId: string): string | undefined {
    return this.#limits.sessions ? messageId : undefined;
  }

  #route(pending: Pending): void {
    switch (this.#heldOrders.route(pending)) {
      case 'send':
        this.#lanes.push(pending);
        break;
      case 'defer':
        this.#settlement.hold([pending]);
        break;
      case 'known':
        this.#settlement.settle([pending]);
        this.#forget([pending]);
        break;
      case 'aside':
        break;
    }
  }

  /** It can never pass: it leaves the way, and what is behind it of its order waits in the table. */
  #park(pending: Pending, reason: string): void {
    pending.parkedBecause = reason;
    this.#settlement.hold([pending, ...this.#lanes.withdraw([pending])]);
    if (pending.lane !== undefined) this.#heldOrders.hold(pending.lane);
  }

  #nextVerify(): Effect | undefined {
    if (this.#verifying) return undefined;
    const messages = this.#unverified.slice(0, VERIFY_COUNT);
    const count = messages.findIndex(({ transaction }) => transaction.commitLsn > this.#verifyUpTo);
    if (count === 0) {
      const beyond = this.#unverified;
      this.#unverified = [];
      for (const pending of beyond) this.#route(pending);
    }
    if (count === 0 || messages.length === 0) return undefined;
    if (count > 0) messages.length = count;
    this.#unverified = this.#unverified.slice(messages.length);
    this.#verifying = true;
    return { kind: 'verify', messages };
  }

  /** Only when everything before the redrive is settled: then all that waits of its order is in the table, or came after it. */
  #nextRead(now: number): Effect | undefined {
    const redrive = this.#heldOrders.firstRedrive;
    if (!redrive || this.#reading || this.#draining || now < this.#readNotBefore) return undefined;
    const { transaction } = redrive;
    const isNext = transaction.endLsn !== undefined && this.#settlement.isFirst(transaction);
    if (
      !isNext ||
      !this.#settlement.isHeldMarked ||
      transaction.unsettled > this.#heldOrders.countIn(transaction)
    )
      return undefined;
    this.#reading = true;
    return { kind: 'read', redrive };
  }

  #nextSend(now: number, maxBatchBytes: number): Effect | undefined {
    if (this.#draining || !this.#gate.isOpen(now)) return undefined;
    const { maxBatchCount, sessions } = this.#limits;
    const batch = this.#lanes.take({ maxCount: maxBatchCount, maxBytes: maxBatchBytes, oneLane: sessions });
    if (!batch) return undefined;
    this.#gate.sent(batch);
    return { kind: 'send', batch };
  }

  #nextMark(now: number): Effect | undefined {
    const mark = this.#settlement.next(now, this.#draining);
    return mark && { kind: 'mark', mark };
  }

  #forget(settled: readonly Pending[]): void {
    this.#unsettled -= settled.length;
    for (const pending of settled) this.#unsettledBytes -= pending.bytes;
  }
}
