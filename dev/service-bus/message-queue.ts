import type { EncodedMessage } from './encoded-message.ts';
import { MessageLocks } from './message-locks.ts';
import type { ReceiveLimits } from './namespace-config.ts';
import { ReadyMessages } from './ready-messages.ts';
import { newMessage, type Settlement, type StoredMessage } from './stored-message.ts';

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
  readonly #messages = new Map<number, StoredMessage>();
  readonly #ready = new ReadyMessages();
  readonly #locks: MessageLocks;
  /** The one that is due first at the front. */
  #scheduled: StoredMessage[] = [];
  #lastSequenceNumber = 0;
  #nextExpiry = never;
  #sizeBytes = 0;

  constructor(path: string, limits: ReceiveLimits, deadLetters?: MessageQueue) {
    this.path = path;
    this.#limits = limits;
    this.#deadLetters = deadLetters;
    this.#locks = new MessageLocks(limits.lockDurationMs);
  }

  /** Every message it holds, locked, deferred and scheduled ones included. */
  get count(): number {
    return this.#messages.size;
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  get requiresSession(): boolean {
    return this.#limits.requiresSession;
  }

  /** The sessions that have a message ready, in no particular order. */
  readySessions(): string[] {
    return this.#ready.sessions();
  }

  /** Adds a message; one with an `activeAt` in the future is not handed out before. */
  enqueue(encoded: EncodedMessage, now: number, enqueuedSequenceNumber?: number, activeAt?: number): void {
    const message = newMessage(encoded, {
      sequenceNumber: ++this.#lastSequenceNumber,
      enqueuedSequenceNumber: enqueuedSequenceNumber ?? this.#lastSequenceNumber,
      sessionId: this.requiresSession ? encoded.sessionId : undefined,
      enqueuedAt: activeAt ?? now,
      timeToLiveMs: Math.min(encoded.timeToLiveMs ?? never, this.#limits.defaultTimeToLiveMs),
      activeAt,
    });
    this.#hold(message);
    if (this.requiresSession && message.sessionId === undefined) {
      // Only a topic can bring such a message here; a queue refuses it when it is sent.
      this.#moveToDeadLetters(message, now, {
        DeadLetterReason: 'Session ID is null',
        DeadLetterErrorDescription:
          "Session enabled entity doesn't allow a message whose session identifier is set to null.",
      });
    } else if (activeAt !== undefined && activeAt > now) {
      message.state = 'scheduled';
      this.#scheduled.push(message);
      this.#scheduled.sort((a, b) => (a.activeAt ?? 0) - (b.activeAt ?? 0));
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
    const found: StoredMessage[] = [];
    for (const number of numbers) {
      const message = this.#messages.get(number);
      if (message?.state !== 'deferred' || message.lockToken !== undefined) return undefined;
      found.push(message);
    }
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

  /** False when the lock is lost: then nothing has changed. */
  settle(token: string, settlement: Settlement, now: number): boolean {
    const message = this.#locks.find(token, now)?.message;
    if (message === undefined) return false;
    switch (settlement.kind) {
      case 'complete':
        this.#drop(message);
        return true;
      case 'abandon':
        change(message, settlement.properties);
        this.#locks.unlock(message);
        this.#deliveryFailed(message, now);
        return true;
      case 'defer':
        change(message, settlement.properties);
        this.#locks.unlock(message);
        message.state = 'deferred';
        return true;
      case 'deadLetter':
        this.#moveToDeadLetters(message, now, {
          ...settlement.properties,
          ...(settlement.reason === undefined ? {} : { DeadLetterReason: settlement.reason }),
          ...(settlement.description === undefined
            ? {}
            : { DeadLetterErrorDescription: settlement.description }),
        });
        return true;
    }
  }

  /** Gives back what is locked in a session; `failed` when its lock expired, which counts as a delivery. */
  releaseSession(sessionId: string, failed: boolean, now: number): void {
    for (const message of this.#locks.releaseSession(sessionId)) {
      if (failed) this.#deliveryFailed(message, now);
      else if (message.state === 'active') this.#makeReady(message);
    }
  }

  /** Messages in any state from a sequence number on, which stay as they are. */
  peek(fromSequenceNumber: number, count: number, sessionId?: string): StoredMessage[] {
    const found: StoredMessage[] = [];
    for (const message of this.#messages.values()) {
      if (found.length >= count) break;
      if (message.sequenceNumber < fromSequenceNumber) continue;
      if (sessionId === undefined || message.sessionId === sessionId) found.push(message);
    }
    return found;
  }

  /** Takes scheduled messages back, by the numbers that they were sent with. False when one of them is not scheduled. */
  cancelScheduled(enqueuedSequenceNumbers: readonly number[]): boolean {
    const found = this.#scheduled.filter((message) =>
      enqueuedSequenceNumbers.includes(message.enqueuedSequenceNumber),
    );
    if (found.length !== enqueuedSequenceNumbers.length) return false;
    for (const message of found) this.#drop(message);
    return true;
  }

  /** When `expire` has something to do; Infinity when nothing is ever due. */
  nextDeadline(): number {
    return Math.min(this.#locks.nextDeadline(), this.#scheduled[0]?.activeAt ?? never, this.#nextExpiry);
  }

  /** Gives back messages whose lock has expired, wakes scheduled ones, removes those whose time to live is over. */
  expire(now: number): void {
    for (const message of this.#locks.expire(now)) this.#deliveryFailed(message, now);
    for (let first = this.#scheduled[0]; (first?.activeAt ?? never) <= now; first = this.#scheduled[0]) {
      this.#scheduled.shift();
      if (first !== undefined) this.#activate(first);
    }
    if (this.#nextExpiry <= now) this.#expireMessages(now);
  }

  #next(now: number, sessionId: string | undefined): StoredMessage | undefined {
    for (;;) {
      const message = this.#ready.shift(sessionId);
      if (message === undefined || message.expiresAt > now) return message;
      this.#expireMessage(message, now);
    }
  }

  #hold(message: StoredMessage): void {
    this.#messages.set(message.sequenceNumber, message);
    this.#sizeBytes += message.encoded.bytes.length;
  }

  #drop(message: StoredMessage): void {
    if (!this.#messages.delete(message.sequenceNumber)) return;
    this.#sizeBytes -= message.encoded.bytes.length;
    if (message.state === 'scheduled') this.#scheduled = this.#scheduled.filter((other) => other !== message);
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
    this.#messages.delete(message.sequenceNumber);
    message.sequenceNumber = ++this.#lastSequenceNumber;
    this.#messages.set(message.sequenceNumber, message);
    this.#makeReady(message);
  }

  #deliveryFailed(message: StoredMessage, now: number): void {
    message.deliveryCount++;
    const most = this.#limits.maxDeliveryCount;
    if (message.deliveryCount >= most) {
      this.#moveToDeadLetters(message, now, {
        DeadLetterReason: 'MaxDeliveryCountExceeded',
        DeadLetterErrorDescription: `Message could not be consumed after ${most} delivery attempts.`,
      });
    } else if (message.state === 'active') {
      this.#makeReady(message);
    }
  }

  #moveToDeadLetters(message: StoredMessage, now: number, properties: Record<string, unknown>): void {
    this.#drop(message);
    if (this.#deadLetters === undefined) return;
    change(message, properties);
    message.state = 'active';
    this.#deadLetters.#addDeadLetter({
      ...message,
      sessionId: undefined,
      enqueuedAt: now,
      expiresAt: never,
      activeAt: undefined,
      deadLetterSource: this.path,
    });
  }

  #addDeadLetter(message: StoredMessage): void {
    this.#hold(message);
    this.#makeReady(message);
  }

  #expireMessages(now: number): void {
    this.#nextExpiry = never;
    for (const message of this.#messages.values()) {
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
    if (!this.#limits.deadLetterOnExpiration) {
      this.#drop(message);
      return;
    }
    this.#moveToDeadLetters(message, now, {
      DeadLetterReason: 'TTLExpiredException',
      DeadLetterErrorDescription: 'The message expired and was dead lettered.',
    });
  }
}

function change(message: StoredMessage, properties: Record<string, unknown> | undefined): void {
  if (properties !== undefined) message.changedProperties = { ...message.changedProperties, ...properties };
}
