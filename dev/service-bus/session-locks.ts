interface SessionLock<Owner> {
  readonly sessionId: string;
  readonly owner: Owner;
  until: number;
}

/** Which receiver holds which session of an entity, until when, and the state that is kept for each session. */
export class SessionLocks<Owner> {
  readonly #lockDurationMs: number;
  /** All locks last equally long and a renewed one moves to the end: the first is always the next to expire. */
  readonly #locks = new Map<string, SessionLock<Owner>>();
  readonly #states = new Map<string, Buffer>();

  constructor(lockDurationMs: number) {
    this.#lockDurationMs = lockDurationMs;
  }

  /** Until when the owner has the session; undefined when another one holds it. */
  accept(sessionId: string, owner: Owner, now: number): number | undefined {
    const held = this.#locks.get(sessionId);
    if (held !== undefined && held.owner !== owner && held.until > now) return undefined;
    return this.#set({ sessionId, owner, until: now + this.#lockDurationMs });
  }

  /** The first of the sessions that nobody holds. */
  free(sessionIds: readonly string[], now: number): string | undefined {
    return sessionIds.find((sessionId) => (this.#locks.get(sessionId)?.until ?? 0) <= now);
  }

  lockedUntil(sessionId: string, now: number): number | undefined {
    const lock = this.#locks.get(sessionId);
    return lock === undefined || lock.until <= now ? undefined : lock.until;
  }

  /** The new end of the lock; undefined when it is lost. */
  renew(sessionId: string, now: number): number | undefined {
    const lock = this.#locks.get(sessionId);
    if (lock === undefined || lock.until <= now) return undefined;
    lock.until = now + this.#lockDurationMs;
    return this.#set(lock);
  }

  /** False when the session is not the owner's (any more). */
  release(sessionId: string, owner: Owner): boolean {
    return this.#locks.get(sessionId)?.owner === owner && this.#locks.delete(sessionId);
  }

  /** Takes out the locks that have expired and says whose they were. */
  expire(now: number): { sessionId: string; owner: Owner }[] {
    const expired: { sessionId: string; owner: Owner }[] = [];
    for (const lock of this.#locks.values()) {
      if (lock.until > now) break;
      expired.push(lock);
      this.#locks.delete(lock.sessionId);
    }
    return expired;
  }

  nextDeadline(): number {
    const [first] = this.#locks.values();
    return first?.until ?? Number.POSITIVE_INFINITY;
  }

  state(sessionId: string): Buffer | undefined {
    return this.#states.get(sessionId);
  }

  setState(sessionId: string, state: Buffer | undefined): void {
    if (state === undefined) this.#states.delete(sessionId);
    else this.#states.set(sessionId, state);
  }

  #set(lock: SessionLock<Owner>): number {
    this.#locks.delete(lock.sessionId);
    this.#locks.set(lock.sessionId, lock);
    return lock.until;
  }
}
