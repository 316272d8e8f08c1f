import { hash } from 'node:crypto';
import type { Caller } from './caller.ts';

const MOST_TOKENS = 10_000;

/**
 * The callers of tokens that were verified a moment ago: to check a signature takes more than 100 microseconds, a look in
 * here about 4.
 * Keeps the hash of a token, which is of no use to anyone, and forgets the one that was asked for longest ago.
 */
export class VerifiedTokens {
  readonly #most: number;
  // In the order in which they were last asked for.
  readonly #byHash = new Map<string, { readonly caller: Caller; readonly until: number }>();

  constructor(most = MOST_TOKENS) {
    this.#most = most;
  }

  /** Undefined when it is not known, or no longer to be trusted at `now`. Times are in milliseconds. */
  find(token: string, now: number): Caller | undefined {
    const key = hashOf(token);
    const known = this.#byHash.get(key);
    if (!known) return undefined;
    this.#byHash.delete(key);
    if (known.until <= now) return undefined;
    this.#byHash.set(key, known);
    return known.caller;
  }

  keep(token: string, caller: Caller, until: number): void {
    const [oldest] = this.#byHash.keys();
    if (oldest !== undefined && this.#byHash.size >= this.#most) this.#byHash.delete(oldest);
    this.#byHash.set(hashOf(token), { caller, until });
  }
}

const hashOf = (token: string) => hash('sha256', token, 'base64');
