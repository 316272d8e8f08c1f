import { closeSync, openSync, writeSync } from 'node:fs';
import type { EncodedMessage } from './encoded-message.ts';

export interface JournalOptions {
  /** How many of the last entries are kept; 0 keeps none and only counts. Default: all. */
  readonly keep?: number;
  /** A file that every entry is appended to, as a JSON line, before its message is acknowledged. */
  readonly file?: string;
  /** Another clock for `at` than the broker's, in any unit. */
  readonly now?: () => number;
}

/** A message that the broker stored, or dropped as a repeat. What it says is decoded when it is asked for. */
export class JournalEntry {
  /** 1 for the first message of the whole broker, and so on without a gap. */
  readonly arrival: number;
  /** The queue or topic it was sent to. */
  readonly entity: string;
  /** The entity's number of it; 0 for a repeat. */
  readonly sequenceNumber: number;
  /** Accepted but not stored: duplicate detection knew its id. */
  readonly duplicate: boolean;
  /** Epoch milliseconds, or what the journal's own clock says. */
  readonly at: number;
  readonly #message: EncodedMessage;

  constructor(
    arrival: number,
    entity: string,
    sequenceNumber: number,
    duplicate: boolean,
    at: number,
    message: EncodedMessage,
  ) {
    this.arrival = arrival;
    this.entity = entity;
    this.sequenceNumber = sequenceNumber;
    this.duplicate = duplicate;
    this.at = at;
    this.#message = message;
  }

  get messageId(): string | undefined {
    return this.#message.messageId;
  }

  get sessionId(): string | undefined {
    return this.#message.sessionId;
  }

  get subject(): string | undefined {
    return this.#message.subject;
  }

  get correlationId(): string | undefined {
    return this.#message.correlationId;
  }

  get contentType(): string | undefined {
    return this.#message.contentType;
  }

  get applicationProperties(): Record<string, unknown> {
    return this.#message.applicationProperties;
  }

  /** The body's bytes as they were sent. */
  get body(): Buffer {
    return this.#message.body;
  }

  /** The shape of a line of the journal file and of `GET /journal`: every field, the body in base64. */
  toJSON(): Record<string, unknown> {
    return {
      arrival: this.arrival,
      entity: this.entity,
      sequenceNumber: this.sequenceNumber,
      duplicate: this.duplicate,
      at: new Date(this.at).toISOString(),
      messageId: this.messageId,
      sessionId: this.sessionId,
      subject: this.subject,
      correlationId: this.correlationId,
      contentType: this.contentType,
      applicationProperties: this.applicationProperties,
      body: this.body.toString('base64'),
    };
  }
}

/**
 * What the broker took in, in the order it did, written down before the sender hears of it. So a message that was
 * acknowledged is always in here, and one whose acknowledgement was lost is too.
 */
export class Journal {
  readonly #keep: number;
  readonly #file: number | undefined;
  readonly #now: (() => number) | undefined;
  #entries: JournalEntry[] = [];
  #total = 0;
  #duplicates = 0;

  constructor(options: JournalOptions = {}) {
    this.#keep = options.keep ?? Number.POSITIVE_INFINITY;
    this.#file = options.file === undefined ? undefined : openSync(options.file, 'a');
    this.#now = options.now;
  }

  /** Everything recorded so far, repeats included: also the last arrival number. */
  get total(): number {
    return this.#total;
  }

  /** How many of them were repeats. */
  get duplicates(): number {
    return this.#duplicates;
  }

  /** The entries from an arrival number on. Throws when some of them are not kept any more: a gap must not go unseen. */
  entries(from = 1): readonly JournalEntry[] {
    const firstKept = this.#total - this.#entries.length + 1;
    if (from < firstKept && from <= this.#total) {
      throw new RangeError(`The journal keeps its entries from ${firstKept} on; ${from} was asked for`);
    }
    return this.#entries.slice(from - firstKept);
  }

  record(
    entity: string,
    sequenceNumber: number,
    duplicate: boolean,
    at: number,
    message: EncodedMessage,
  ): void {
    this.#total++;
    if (duplicate) this.#duplicates++;
    if (this.#keep === 0 && this.#file === undefined) return;
    const entry = new JournalEntry(
      this.#total,
      entity,
      sequenceNumber,
      duplicate,
      this.#now?.() ?? at,
      message,
    );
    if (this.#file !== undefined) writeSync(this.#file, `${JSON.stringify(entry)}\n`);
    if (this.#keep === 0) return;
    this.#entries.push(entry);
    // Dropped in large steps: one at a time would copy the array for every message.
    if (this.#entries.length >= this.#keep * 2) this.#entries = this.#entries.slice(-this.#keep);
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
  }
}
