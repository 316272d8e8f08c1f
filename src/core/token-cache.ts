import { setTimeout as sleep } from 'node:timers/promises';
import { backoffMs } from './backoff.ts';

/** Times in ms, by the clock of the cache. */
export interface Token {
  readonly token: string;
  readonly expiresOnTimestamp: number;
}

export interface TokenCacheOptions {
  readonly ask: () => Promise<Token>;
  readonly now?: () => number;
  readonly random?: () => number;
}

/** From so long before it expires, a token is renewed; it is used all the same until the new one is there. */
const RENEW_BEFORE_MS = 5 * 60_000;
/** Too short to be used once more: the server checks it later, and by a clock of its own. */
const LEAST_LEFT_MS = 30_000;

/** A token for everybody who needs one: asked for by one request at a time, kept until shortly before it expires. */
export class TokenCache {
  readonly #ask: () => Promise<Token>;
  readonly #now: () => number;
  readonly #random: () => number;
  #kept: Token | undefined;
  #request: Promise<Token> | undefined;
  #failures = 0;
  #failed: { readonly error: unknown; readonly until: number } | undefined;

  constructor({ ask, now = Date.now, random = Math.random }: TokenCacheOptions) {
    this.#ask = ask;
    this.#now = now;
    this.#random = random;
  }

  /** Throws what the last request failed with, and an Error when it takes longer than `withinMs`; it goes on, for the next who asks. */
  async get(withinMs: number): Promise<string> {
    const leftMs = (this.#kept?.expiresOnTimestamp ?? 0) - this.#now();
    if (!this.#kept || leftMs < LEAST_LEFT_MS) return (await limited(this.#renewed(), withinMs)).token;
    if (leftMs < RENEW_BEFORE_MS) this.#renewed().catch(() => undefined); // told when the token that is kept has expired
    return this.#kept.token;
  }

  /** One request for all who ask meanwhile; after a failure none for a while, since what gives out tokens limits who asks often. */
  #renewed(): Promise<Token> {
    if (this.#failed && this.#now() < this.#failed.until) return Promise.reject(this.#failed.error);
    this.#request ??= this.#renew().finally(() => {
      this.#request = undefined;
    });
    return this.#request;
  }

  async #renew(): Promise<Token> {
    try {
      this.#kept = await this.#ask();
      this.#failures = 0;
      return this.#kept;
    } catch (error) {
      this.#failures++;
      this.#failed = { error, until: this.#now() + backoffMs(this.#failures, this.#random) };
      throw error;
    }
  }
}

async function limited<T>(answer: Promise<T>, withinMs: number): Promise<T> {
  const answered = new AbortController();
  const tooLate = sleep(withinMs, undefined, { signal: answered.signal }).then(
    () => {
      throw new Error(`the credential has not answered for ${withinMs} ms`);
    },
    () => new Promise<never>(() => undefined), // answered in time
  );
  answer.catch(() => undefined); // nobody may be waiting any more when it fails
  return Promise.race([answer, tooLate]).finally(() => answered.abort());
}
