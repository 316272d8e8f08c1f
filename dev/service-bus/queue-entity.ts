import type { AmqpError } from './amqp-error.ts';
import { refusal } from './amqp-error.ts';
import type { DeliveryReceiver } from './delivery-pump.ts';
import { DeliveryPump } from './delivery-pump.ts';
import type { MessageQueue } from './message-queue.ts';
import { SessionLocks } from './session-locks.ts';

/** A link that holds a session. */
export interface SessionOwner {
  /** The lock has expired; the session may already be someone else's. */
  sessionLockLost(error: AmqpError): void;
}

export interface AcceptedSession {
  readonly sessionId: string;
  readonly lockedUntil: number;
}

/** What links receive from: a queue, a subscription or a dead-letter queue, with whoever waits for its messages. */
export class QueueEntity {
  readonly path: string;
  readonly queue: MessageQueue;
  readonly pump: DeliveryPump;
  readonly sessions: SessionLocks<SessionOwner>;
  readonly #now: () => number;

  constructor(queue: MessageQueue, lockDurationMs: number, now: () => number) {
    this.path = queue.path;
    this.queue = queue;
    this.#now = now;
    this.sessions = new SessionLocks<SessionOwner>(lockDurationMs);
    const sessionExpiry = {
      nextDeadline: () => this.sessions.nextDeadline(),
      expire: (at: number) => this.expireSessions(at),
    };
    this.pump = new DeliveryPump([queue, sessionExpiry], now);
    queue.onReady = () => this.pump.wake();
  }

  /** Locks the named session for the owner, or says why not. */
  acceptSession(sessionId: string, owner: SessionOwner): AcceptedSession | AmqpError {
    const now = this.#now();
    // A lock that has expired gives its messages back before the next owner begins, also when the timer is late.
    this.expireSessions(now);
    const lockedUntil = this.sessions.accept(sessionId, owner, now);
    // A new deadline may be the next one.
    this.pump.wake();
    return lockedUntil === undefined ? refusal.sessionCannotBeLocked(sessionId) : { sessionId, lockedUntil };
  }

  /**
   * Locks the next session that has messages and that nobody holds, as soon as there is one. Calls back once; the
   * function that it returns ends the wait.
   */
  acceptNextSession(
    owner: SessionOwner,
    timeoutMs: number,
    done: (result: AcceptedSession | AmqpError) => void,
  ): () => void {
    const finish = (result: AcceptedSession | AmqpError) => {
      stop();
      done(result);
    };
    const waiter: DeliveryReceiver = {
      deliverNext: (now) => {
        const sessionId = this.sessions.free(this.queue.readySessions(), now);
        if (sessionId !== undefined) finish(this.acceptSession(sessionId, owner));
        return false;
      },
    };
    const timer = setTimeout(() => finish(refusal.noSessionInTime(timeoutMs)), timeoutMs).unref();
    const stop = () => {
      clearTimeout(timer);
      this.pump.remove(waiter);
    };
    this.pump.add(waiter);
    this.pump.wake();
    return stop;
  }

  /** Gives the session back with all that is locked in it, unless the lock was lost before. */
  releaseSession(sessionId: string, owner: SessionOwner): void {
    if (!this.sessions.release(sessionId, owner)) return;
    this.queue.releaseSession(sessionId, false, this.#now());
    this.pump.wake();
  }

  /** Takes the sessions away whose lock has expired; the pump calls it when that is due. */
  expireSessions(now: number): void {
    for (const { sessionId, owner } of this.sessions.expire(now)) {
      this.queue.releaseSession(sessionId, true, now);
      owner.sessionLockLost(refusal.sessionLockLost(sessionId));
    }
  }
}
