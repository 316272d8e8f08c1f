import { newLockToken } from './lock-token.ts';
import type { StoredMessage } from './stored-message.ts';

interface MessageLock {
  readonly message: StoredMessage;
  until: number;
}

/**
 * The locks on the messages of one queue, by token. All of them last equally long and a renewed one moves to the end,
 * so the first is always the next to expire. A message of a session is locked for as long as its session is.
 */
export class MessageLocks {
  readonly #lockDurationMs: number;
  readonly #locks = new Map<string, MessageLock>();

  constructor(lockDurationMs: number) {
    this.#lockDurationMs = lockDurationMs;
  }

  lock(message: StoredMessage, now: number): void {
    const token = newLockToken();
    message.lockToken = token;
    this.#locks.set(token, { message, until: this.#end(message, now) });
  }

  unlock(message: StoredMessage): void {
    if (message.lockToken !== undefined) this.#locks.delete(message.lockToken);
    message.lockToken = undefined;
  }

  /** The message and the end of its lock; undefined when the token is not good any more. */
  find(token: string, now: number): Readonly<MessageLock> | undefined {
    const lock = this.#locks.get(token);
    return lock === undefined || lock.until <= now ? undefined : lock;
  }

  /** The new end of the lock; undefined when it is lost. */
  renew(token: string, now: number): number | undefined {
    const lock = this.#locks.get(token);
    if (lock === undefined || lock.until <= now) return undefined;
    lock.until = this.#end(lock.message, now);
    this.#locks.delete(token);
    this.#locks.set(token, lock);
    return lock.until;
  }

  /** Unlocks the messages whose time is over and returns them. */
  expire(now: number): StoredMessage[] {
    const expired: StoredMessage[] = [];
    for (const { message, until } of this.#locks.values()) {
      if (until > now) break;
      expired.push(message);
    }
    for (const message of expired) this.unlock(message);
    return expired;
  }

  /** Unlocks the messages of a session and returns them. */
  releaseSession(sessionId: string): StoredMessage[] {
    const released: StoredMessage[] = [];
    for (const { message } of this.#locks.values()) {
      if (message.sessionId === sessionId) released.push(message);
    }
    for (const message of released) this.unlock(message);
    return released;
  }

  /** When the first of them expires; Infinity when there is none. */
  nextDeadline(): number {
    const [first] = this.#locks.values();
    return first?.until ?? Number.POSITIVE_INFINITY;
  }

  #end(message: StoredMessage, now: number): number {
    return message.sessionId === undefined ? now + this.#lockDurationMs : Number.POSITIVE_INFINITY;
  }
}
