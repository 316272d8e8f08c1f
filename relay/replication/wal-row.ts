import type { OutboxMessage } from '../outbox/outbox-message.ts';
import { RelayError } from '../relay-error.ts';
import type { PgoutputReader } from './pgoutput-reader.ts';

const REQUIRED = ['message_id', 'message_type', 'message_body'] as const;
const OPTIONAL = [
  'aggregate_id',
  'correlation_id',
  'causation_id',
  'user_id',
  'metadata',
  'traceparent',
  'tracestate',
] as const;
const SETTLED_BY = ['processed_at', 'parked_at', 'dropped_at'] as const;
const COLUMNS = [...REQUIRED, ...OPTIONAL, ...SETTLED_BY] as const;
type Column = (typeof COLUMNS)[number];
/** Where a column is found in the row that was read last. */
const SLOT = Object.fromEntries(COLUMNS.map((name, slot) => [name, slot])) as Record<Column, number>;
const NULL = 'n'.charCodeAt(0);
const TEXT = 't'.charCodeAt(0);

/**
 * Reads rows of one table as it has been described, and of them only the columns that a message needs. By name and not by
 * position, so that columns may come and go; throws OUTBOX_UNREADABLE if a required one is gone, which must not be skipped over.
 * Where the columns of a row lie is kept from row to row in two arrays: an object a row costs as much as all the rest.
 */
export class OutboxRow {
  /** For each column of the table its slot; -1: nobody needs it. */
  readonly #slots: readonly number[];
  readonly #names: readonly string[];
  /** -1: NULL. */
  readonly #starts = new Int32Array(COLUMNS.length);
  readonly #ends = new Int32Array(COLUMNS.length);

  constructor(table: string, names: readonly string[]) {
    const missing = REQUIRED.filter((name) => !names.includes(name));
    if (missing.length > 0) {
      throw new RelayError(
        'OUTBOX_UNREADABLE',
        `The publication sends rows of ${table} without ${missing.join(', ')}: mend the table, then drop the replication slot`,
      );
    }
    this.#names = names;
    this.#slots = names.map((name) => SLOT[name as Column] ?? -1);
  }

  /** The message, or undefined for a row that was inserted as settled already. Throws WAL_MALFORMED. */
  read(reader: PgoutputReader): OutboxMessage | undefined {
    this.#find(reader);
    for (const column of SETTLED_BY) if (this.#has(column)) return undefined;
    return {
      messageId: this.#required(reader, 'message_id'),
      messageType: this.#required(reader, 'message_type'),
      body: this.#body(reader),
      aggregateId: this.#text(reader, 'aggregate_id'),
      correlationId: this.#text(reader, 'correlation_id'),
      causationId: this.#text(reader, 'causation_id'),
      userId: this.#text(reader, 'user_id'),
      metadata: this.#text(reader, 'metadata'),
      traceparent: this.#text(reader, 'traceparent'),
      tracestate: this.#text(reader, 'tracestate'),
    };
  }

  #find(reader: PgoutputReader): void {
    const slots = this.#slots;
    const count = reader.uint16();
    if (count !== slots.length) {
      throw new RelayError('WAL_MALFORMED', `A row of ${count} columns where ${slots.length} were described`);
    }
    this.#starts.fill(-1);
    for (let i = 0; i < count; i++) {
      const form = reader.uint8();
      if (form === NULL) continue;
      if (form !== TEXT) {
        const how = String.fromCharCode(form);
        throw new RelayError('WAL_MALFORMED', `Column ${this.#names[i]} comes in form '${how}', not as text`);
      }
      const length = reader.uint32();
      const start = reader.take(length);
      const slot = slots[i] as number;
      if (slot === -1) continue;
      this.#starts[slot] = start;
      this.#ends[slot] = start + length;
    }
  }

  #has(column: Column): boolean {
    return this.#starts[SLOT[column]] !== -1;
  }

  #text(reader: PgoutputReader, column: Column): string | undefined {
    const slot = SLOT[column];
    const start = this.#starts[slot] as number;
    return start === -1 ? undefined : reader.textAt(start, this.#ends[slot] as number);
  }

  #required(reader: PgoutputReader, column: Column): string {
    const text = this.#text(reader, column);
    if (text === undefined) throw withoutA(column);
    return text;
  }

  #body(reader: PgoutputReader): Buffer {
    if (!this.#has('message_body')) throw withoutA('message_body');
    const slot = SLOT.message_body;
    return reader.bytesAt(this.#starts[slot] as number, this.#ends[slot] as number);
  }
}

function withoutA(column: Column): RelayError {
  return new RelayError('OUTBOX_UNREADABLE', `An outbox row without a ${column}`);
}
