import type { EncodedMessage } from './encoded-message.ts';
import { newLockToken } from './lock-token.ts';
import type { ReceiveLimits } from './namespace-config.ts';
import { ReadyList } from './ready-list.ts';
import type { MessageState, Settlement, StoredMessage } from './stored-message.ts';

interface Lock {
  readonly message: StoredMessage;
  until: number;
}

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
  readonly #ready = new ReadyList<StoredMessage>();
  readonly #readySessions = new Map<string, ReadyList<StoredMessage>>();
  /** All locks last equally long and a renewed one moves to the end: the first is always the next to expire. */
  readonly #locks = new Map<string, Lock>();
  #scheduled: StoredMessage[] = [];
  #lastSequenceNumber = 0;
  #nextExpiry = Number.POSITIVE_INFINITY;
  #sizeBytes = 0;

  constructor(path: string, limits: ReceiveLimits, deadLetters?: MessageQueue) {
    this.path = path;
    this.#limits = limits;
    this.#deadLetters = deadLetters;
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
    return [...this.#readySessions.keys()];
  }

  enqueue(
    encoded: EncodedMessage,
    now: number,
    enqueuedSequenceNumber?: number,
    activeAt?: number,
  ): StoredMessage {
    const sequenceNumber = ++this.#lastSequenceNumber;
    const sessionId = this.requiresSession ? encoded.sessionId : undefined;
    const timeToLiveMs = Math.min(
      encoded.timeToLiveMs ?? Number.POSITIVE_INFINITY,
      this.#limits.defaultTimeToLiveMs,
    );
    const message: StoredMessage = {
      encoded,
      sessionId,
      enqueuedAt: activeAt ?? now,
      expiresAt: (activeAt ?? now) + timeToLiveMs,
      enqueuedSequenceNumber: enqueuedSequenceNumber ?? sequenceNumber,
      sequenceNumber,
      state: 'active',
      deliveryCount: 0,
      lockToken: undefined,
      activeAt,
      changedProperties: undefined,
      deadLetterSource: undefined,
    };
    this.#hold(message);
    if (this.requiresSession && sessionId === undefined) {
      // Only a topic can bring such a message here; a queue refuses it when it is sent.
      const reason =
        "Session enabled entity doesn't allow a message whose session identifier is set to null.";
      this.#moveToDeadLetters(message, now, {
        DeadLetterReason: 'Session ID is null',
        DeadLetterErrorDescription: reason,
      });
    } else if (activeAt !== undefined && activeAt > now) {
      message.state = 'scheduled';
      this.#scheduled.push(message);
      this.#scheduled.sort((a, b) => (a.activeAt ?? 0) - (b.activeAt ?? 0));
    } else {
      this.#makeReady(message);
    }
    return message;
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
    if (message !== undefined) this.#lock(message, now);
    return message;
  }

  /** Deferred messages by number, locked again, or for good. Undefined when one of them is not there. */
  receiveDeferred(
    sequenceNumbers: readonly number[],
    keep: boolean,
    now: number,
  ): StoredMessage[] | undefined {
    const found: StoredMessage[] = [];
    for (const sequenceNumber of sequenceNumbers) {
      const message = this.#messages.get(sequenceNumber);
      if (message?.state !== 'deferred' || message.lockToken !== undefined) return undefined;
      found.push(message);
    }
    for (const message of found) {
      if (keep) this.#lock(message, now);
      else this.#drop(message);
    }
    return found;
  }

  /** Until when the message is locked; undefined when the token is no longer good. */
  lockedUntil(token: string, now: number): number | undefined {
    const lock = this.#locks.get(token);
    return lock === undefined || lock.until <= now ? undefined : lock.until;
  }

  /** Undefined when the lock is lost. */
  renewLock(token: string, now: number): number | undefined {
    const lock = this.#locks.get(token);
    if (lock === undefined || lock.until <= now) return undefined;
    lock.until = this.#lockEnd(now, lock.message);
    this.#locks.delete(token);
    this.#locks.set(token, lock);
    return lock.until;
  }

  /** False when the lock is lost: then nothing has changed. */
  settle(token: string, settlement: Settlement, now: number): boolean {
    const lock = this.#locks.get(token);
    if (lock === undefined || lock.until <= now) return false;
    const { message } = lock;
    switch (settlement.kind) {
      case 'complete':
        this.#drop(message);
        return true;
      case 'abandon':
        this.#change(message, settlement.properties);
        this.#unlock(message);
        this.#deliveryFailed(message, now);
        return true;
      case 'defer':
        this.#change(message, settlement.properties);
        this.#unlock(message);
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
    for (const { message } of this.#locks.values()) {
      if (message.sessionId !== sessionId) continue;
      this.#unlock(message);
      if (failed) this.#deliveryFailed(message, now);
      else this.#makeReady(message);
    }
  }

  /** Messages in any state from a sequence number on; taking none. */
  peek(fromSequenceNumber: number, count: number, sessionId?: string): StoredMessage[] {
    const found: StoredMessage[] = [];
    for (const message of this.#messages.values()) {
      if (found.length >= count) break;
      if (message.sequenceNumber < fromSequenceNumber) continue;
      if (sessionId !== undefined && message.sessionId !== sessionId) continue;
      found.push(message);
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

  /** When `expire` has something to do; Infinity when nothing is due ever. */
  nextDeadline(): number {
    const [lock] = this.#locks.values();
    return Math.min(
      lock?.until ?? Number.POSITIVE_INFINITY,
      this.#scheduled[0]?.activeAt ?? Number.POSITIVE_INFINITY,
      this.#nextExpiry,
    );
  }

  /** Gives back messages whose lock has expired, wakes scheduled ones, removes those whose time to live is over. */
  expire(now: number): void {
    for (const { message, until } of this.#locks.values()) {
      if (until > now) break;
      this.#unlock(message);
      this.#deliveryFailed(message, now);
    }
    while (this.#scheduled[0]?.activeAt !== undefined && this.#scheduled[0].activeAt <= now) {
      const message = this.#scheduled.shift();
      if (message !== undefined) this.#activate(message);
    }
    if (this.#nextExpiry <= now) this.#expireMessages(now);
  }

  #next(now: number, sessionId: string | undefined): StoredMessage | undefined {
    const list = sessionId === undefined ? this.#ready : this.#readySessions.get(sessionId);
    for (let message = list?.shift(); message !== undefined; message = list?.shift()) {
      if (sessionId !== undefined && list?.length === 0) this.#readySessions.delete(sessionId);
      if (message.expiresAt > now) return message;
      this.#expireMessage(message, now);
    }
    return undefined;
  }

  #hold(message: StoredMessage): void {
    this.#messages.set(message.sequenceNumber, message);
    this.#sizeBytes += message.encoded.bytes.length;
    if (message.expiresAt < this.#nextExpiry) this.#nextExpiry = message.expiresAt;
  }

  #drop(message: StoredMessage): void {
    if (!this.#messages.delete(message.sequenceNumber)) return;
    this.#sizeBytes -= message.encoded.bytes.length;
    if (message.state === 'scheduled') this.#scheduled = this.#scheduled.filter((other) => other !== message);
    if (message.lockToken !== undefined) this.#unlock(message);
  }

  #makeReady(message: StoredMessage): void {
    message.state = 'active';
    if (message.sessionId === undefined) {
      this.#ready.add(message);
    } else {
      const list = this.#readySessions.get(message.sessionId) ?? new ReadyList<StoredMessage>();
      this.#readySessions.set(message.sessionId, list);
      list.add(message);
    }
    this.onReady();
  }

  /** A scheduled message gets a new number when its time comes, or it would overtake what was sent meanwhile. */
  #activate(message: StoredMessage): void {
    this.#messages.delete(message.sequenceNumber);
    message.sequenceNumber = ++this.#lastSequenceNumber;
    this.#messages.set(message.sequenceNumber, message);
    this.#makeReady(message);
  }

  #lock(message: StoredMessage, now: number): void {
    message.lockToken = newLockToken();
    this.#locks.set(message.lockToken, { message, until: this.#lockEnd(now, message) });
  }

  #lockEnd(now: number, message: StoredMessage): number {
    return message.sessionId === undefined ? now + this.#limits.lockDurationMs : Number.POSITIVE_INFINITY;
  }

  #unlock(message: StoredMessage): void {
    if (message.lockToken !== undefined) this.#locks.delete(message.lockToken);
    message.lockToken = undefined;
  }

  #change(message: StoredMessage, properties: Record<string, unknown> | undefined): void {
    if (properties !== undefined) message.changedProperties = { ...message.changedProperties, ...properties };
  }

  #deliveryFailed(message: StoredMessage, now: number): void {
    message.deliveryCount++;
    const state: MessageState = message.state;
    if (message.deliveryCount >= this.#limits.maxDeliveryCount && this.#deadLetters !== undefined) {
      this.#moveToDeadLetters(message, now, {
        DeadLetterReason: 'MaxDeliveryCountExceeded',
        DeadLetterErrorDescription: `Message could not be consumed after ${this.#limits.maxDeliveryCount} delivery attempts.`,
      });
    } else if (state === 'active') {
      this.#makeReady(message);
    }
  }

  #moveToDeadLetters(message: StoredMessage, now: number, properties: Record<string, unknown>): void {
    this.#drop(message);
    this.#deadLetters?.addDeadLetter(message, this.path, properties, now);
  }

  /** Called by the queue whose dead letters these are. Dead letters do not expire and have no sessions. */
  private addDeadLetter(
    message: StoredMessage,
    source: string,
    properties: Record<string, unknown>,
    now: number,
  ): void {
    const moved: StoredMessage = {
      ...message,
      sessionId: undefined,
      expiresAt: Number.POSITIVE_INFINITY,
      state: 'active',
      lockToken: undefined,
      activeAt: undefined,
      changedProperties: { ...message.changedProperties, ...properties },
      deadLetterSource: source,
      enqueuedAt: now,
    };
    this.#hold(moved);
    this.#makeReady(moved);
  }

  #expireMessages(now: number): void {
    this.#nextExpiry = Number.POSITIVE_INFINITY;
    for (const message of this.#messages.values()) {
      // A locked message outlives its time: its receiver may still settle it.
      if (message.expiresAt <= now && message.lockToken === undefined) {
        this.#removeFromReady(message);
        this.#expireMessage(message, now);
      } else if (message.expiresAt > now && message.expiresAt < this.#nextExpiry) {
        this.#nextExpiry = message.expiresAt;
      }
    }
  }

  #expireMessage(message: StoredMessage, now: number): void {
    if (this.#limits.deadLetterOnExpiration) {
      this.#moveToDeadLetters(message, now, {
        DeadLetterReason: 'TTLExpiredException',
        DeadLetterErrorDescription: 'The message expired and was dead lettered.',
      });
    } else {
      this.#drop(message);
    }
  }

  #removeFromReady(message: StoredMessage): void {
    if (message.state !== 'active') return;
    if (message.sessionId === undefined) {
      this.#ready.remove(message);
      return;
    }
    const list = this.#readySessions.get(message.sessionId);
    list?.remove(message);
    if (list?.length === 0) this.#readySessions.delete(message.sessionId);
  }
}
