import { ApiError } from '../api-error.ts';
import type { Logger } from '../core/log.ts';

const SUMMARY_EVERY_MS = 10_000;

/** `in-flight`: too many requests were being worked on; `connection-wait`: no connection to the database became free in time. */
export type RefusalReason = 'in-flight' | 'connection-wait';

const MESSAGES: Readonly<Record<RefusalReason, string>> = {
  'in-flight': 'Too many requests are being worked on',
  'connection-wait': 'No database connection became free in time',
};

/** Counts what is refused because of overload. The log has one line for all of it, every 10 s while there is something to tell. */
export class Refusals {
  readonly #counts: Record<RefusalReason, number> = { 'in-flight': 0, 'connection-wait': 0 };
  readonly #log: Logger;
  readonly #summaryEveryMs: number;
  #summary: NodeJS.Timeout | undefined;

  constructor(log: Logger, summaryEveryMs = SUMMARY_EVERY_MS) {
    this.#log = log;
    this.#summaryEveryMs = summaryEveryMs;
  }

  /** Since the start, by reason. */
  get counts(): Readonly<Record<RefusalReason, number>> {
    return this.#counts;
  }

  count(reason: RefusalReason): void {
    if (this.#summary === undefined) this.#summary = this.#startSummary();
    this.#counts[reason]++;
  }

  /** Counts one more, and returns the OVERLOADED to throw. */
  refuse(reason: RefusalReason): ApiError {
    this.count(reason);
    return new ApiError('OVERLOADED', MESSAGES[reason]);
  }

  #startSummary(): NodeJS.Timeout {
    const before = { ...this.#counts };
    const tell = () => {
      this.#summary = undefined;
      const inFlight = this.#counts['in-flight'] - before['in-flight'];
      const connectionWait = this.#counts['connection-wait'] - before['connection-wait'];
      this.#log.warn(
        { refused: { 'in-flight': inFlight, 'connection-wait': connectionWait } },
        `Overloaded; requests refused within ${this.#summaryEveryMs / 1_000} s: ${inFlight + connectionWait}`,
      );
    };
    return setTimeout(tell, this.#summaryEveryMs).unref();
  }
}
