import { deadLetterReason, reason } from './dead-letter-reason.ts';
import type { EncodedMessage } from './encoded-message.ts';
import { MessageLocks } from './message-locks.ts';
import { MessageStore } from './message-store.ts';
import type { ReceiveLimits } from './namespace-config.ts';
import { ReadyMessages } from './ready-messages.ts';
import { ScheduledMessages } from './scheduled-messages.ts';
import {
  type Arrival,
  changeProperties,
  deadLetterOf,
  isFreeAndDeferred,
  newMessage,
  type Settlement,
  type SettleResult,
  type StoredMessage,
} from './stored-message.ts';

const never = Number.POSITIVE_INFINITY;

/**
 * The messages of a queue, a subscription or a dead-letter queue and what may happen to them. It knows no AMQP and no
 * clock: the caller passes `now` (epoch milliseconds) and calls `expire` when `nextDeadline` has come.
 */
export class MessageQueue {
  readonly path: string;
  /** Called when a message has become receivable. */
  onReady: () => void = () => undefined;
  readonly #limits: ReceiveLimits;
  readonly #deadLetters: MessageQueue | undefined;
  readonly #messages = new MessageStore();
  readonly #ready = new ReadyMessages();
  readonly #locks: MessageLocks;
  readonly #scheduled = new ScheduledMessages();
  #nextExpiry = never;

  constructor(path: string, limits: ReceiveLimits, deadLetters?: MessageQueue) {
    this.path = path;
    this.#limits = limits;
    this.#deadLetters = deadLetters;
    this.#locks = new MessageLocks(limits.lockDurationMs);
  }

  /** Every message it holds, locked, deferred and scheduled ones included. */
  get count(): number {
    return this.#messages.count;
  }

  /** Of everything it holds, its dead letters included. */
  get sizeBytes(): number {
    return this.#messages.sizeBytes + (this.#deadLetters?.sizeBytes ?? 0);
  }

  get requiresSession(): boolean {
    return this.#limits.requiresSession;
  }

  /** The sessions that have a message ready, in no particular order. */
  readySessions(): string[] {
    return this.#ready.sessions();
  }

  /** Adds a message. */
  enqueue(encoded: EncodedMessage, now: number, arrival: Arrival = {}): void {
    const { activeAt, deadLettered } = arrival;
    const message = newMessage(encoded, this.#messages.nextSequenceNumber(), now, arrival, this.#limits);
    this.#messages.add(message);
    if (deadLettered !== undefined) {
      this.#moveToDeadLetters(message, now, deadLettered);
    } else if (this.requiresSession && message.sessionId === undefined) {
      // Only a topic can bring such a message here; a queue refuses it when it is sent.
      this.#moveToDeadLetters(message, now, deadLetterReason.sessionIdMissing());
    } else if (activeAt !== undefined && activeAt > now) {
      this.#scheduled.add(message);
    } else {
      this.#makeReady(message);
    }
  }

  /** Hands the next message out for good (receive and delete). */
  take(now: number, sessionId?: string): StoredMessage | undefined {
    const message = this.#next(now, sessionId);
    if (message !== undefined) this.#drop(message);
    return message;
  }

  /** Hands the next message out under a lock. Inside a session the session's lock counts, and its end is the caller's. */
  lock(now: number, sessionId?: string): StoredMessage | undefined {
    const message = this.#next(now, sessionId);
    if (message !== undefined) this.#locks.lock(message, now);
    return message;
  }

  /** Deferred messages by number, locked again, or for good. Undefined, and none is taken, when one is not there. */
  receiveDeferred(numbers: readonly number[], keep: boolean, now: number): StoredMessage[] | undefined {
    const found = numbers.flatMap((number) => this.#messages.get(number) ?? []);
    if (found.length < numbers.length || !found.every(isFreeAndDeferred)) return undefined;
    for (const message of found) {
      if (keep) this.#locks.lock(message, now);
      else this.#drop(message);
    }
    return found;
  }

  /** Until when the message is locked; undefined when the lock is lost. */
  lockedUntil(token: string, now: number): number | undefined {
    return this.#locks.find(token, now)?.until;
  }

  /** The new end of the lock; undefined when it is lost. */
  renewLock(token: string, now: number): number | undefined {
    return this.#locks.renew(token, now);
  }

  /** Only `settled` has changed what the receiver asked for. */
  settle(token: string, settlement: Settlement, now: number): SettleResult {
    const message = this.#locks.find(token, now)?.message;
    if (message === undefined) return 'lockLost';
    if (settlement.kind === 'deadLetter' && this.#deadLetters === undefined) {
      this.#locks.unlock(message);
      if (message.state === 'active') this.#makeReady(message);
      return 'alreadyDead';
    }
    if ('properties' in settlement) changeProperties(message, settlement.properties);
    switch (settlement.kind) {
      case 'complete':
        this.#drop(message);
        break;
      case 'release':
        this.#locks.unlock(message);
        if (message.state === 'active') this.#makeReady(message);
        break;
      case 'abandon':
        this.#locks.unlock(message);
        this.#deliveryFailed(message, now);
        break;
      case 'defer':
        this.#locks.unlock(message);
        message.state = 'deferred';
        message.deliveryCount++;
        break;
      case 'deadLetter':
        this.#moveToDeadLetters(message, now, reason(settlement.reason, settlement.description));
    }
    return 'settled';
  }

  /** Gives back what is locked in a session; `failed` when its lock expired, which counts as a delivery. */
  releaseSession(sessionId: string, failed: boolean, now: number): void {
    for (const message of this.#locks.releaseSession(sessionId)) {
      if (failed) this.#deliveryFailed(message, now);
      else if (message.state === 'active') this.#makeReady(message);
    }
    this.#ready.moveToEnd(sessionId);
  }

  /** Messages in any state from a sequence number on, which stay as they are. */
  peek(fromSequenceNumber: number, count: number, sessionId?: string): StoredMessage[] {
    return this.#messages.from(fromSequenceNumber, count, sessionId);
  }

  /** Takes scheduled messages back, by the numbers that they were sent with. False when one of them is not scheduled. */
  cancelScheduled(enqueuedSequenceNumbers: readonly number[]): boolean {
    const found = this.#scheduled.find(enqueuedSequenceNumbers);
    for (const message of found ?? []) this.#drop(message);
    return found !== undefined;
  }

  /** When `expire` has something to do; Infinity when nothing is ever due. */
  nextDeadline(): number {
    return Math.min(this.#locks.nextDeadline(), this.#scheduled.nextDeadline, this.#nextExpiry);
  }

  /** Gives back messages whose lock has expired, wakes scheduled ones, removes those whose time to live is over. */
  expire(now: number): void {
    for (const message of this.#locks.expire(now)) this.#deliveryFailed(message, now);
    for (let due = this.#scheduled.takeDue(now); due; due = this.#scheduled.takeDue(now)) this.#activate(due);
    if (this.#nextExpiry <= now) this.#expireMessages(now);
  }

  #next(now: number, sessionId: string | undefined): StoredMessage | undefined {
    for (;;) {
      const message = this.#ready.shift(sessionId);
      if (message === undefined || message.expiresAt > now) return message;
      this.#expireMessage(message, now);
    }
  }

  #drop(message: StoredMessage): void {
    if (!this.#messages.remove(message)) return;
    if (message.state === 'scheduled') this.#scheduled.remove(message);
    this.#locks.unlock(message);
  }

  #makeReady(message: StoredMessage): void {
    message.state = 'active';
    this.#ready.add(message);
    this.#nextExpiry = Math.min(this.#nextExpiry, message.expiresAt);
    this.onReady();
  }

  /** A scheduled message gets a new number when its time comes, or it would overtake what was sent meanwhile. */
  #activate(message: StoredMessage): void {
    this.#messages.remove(message);
    message.sequenceNumber = this.#messages.nextSequenceNumber();
    this.#messages.add(message);
    this.#makeReady(message);
  }

  #deliveryFailed(message: StoredMessage, now: number): void {
    message.deliveryCount++;
    const most = this.#limits.maxDeliveryCount;
    if (message.deliveryCount >= most) {
      this.#moveToDeadLetters(message, now, deadLetterReason.tooManyDeliveries(most));
    } else if (message.state === 'active') {
      this.#makeReady(message);
    }
  }

  #moveToDeadLetters(message: StoredMessage, now: number, properties: Record<string, unknown>): void {
    this.#drop(message);
    if (this.#deadLetters === undefined) return;
    const deadLetter = deadLetterOf(message, this.path, now, properties);
    this.#deadLetters.#messages.add(deadLetter);
    this.#deadLetters.#makeReady(deadLetter);
  }

  #expireMessages(now: number): void {
    this.#nextExpiry = never;
    for (const message of this.#messages.all()) {
      // One that is locked or deferred outlives its time: its receiver may still settle it.
      if (message.state !== 'active' || message.lockToken !== undefined) continue;
      if (message.expiresAt <= now) {
        this.#ready.remove(message);
        this.#expireMessage(message, now);
      } else {
        this.#nextExpiry = Math.min(this.#nextExpiry, message.expiresAt);
      }
    }
  }

  #expireMessage(message: StoredMessage, now: number): void {
    if (this.#limits.deadLetterOnExpiration) {
      this.#moveToDeadLetters(message, now, deadLetterReason.expired());
    } else {
      this.#drop(message);
    }
  }
}
