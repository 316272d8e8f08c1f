import { AppError } from '../../src/core/errors.ts';
import { REQUEST_PREFIX } from '../operator-request.ts';
import type { OutboxMessage } from '../outbox-message.ts';
import type { Lsn } from './lsn.ts';

export type WalEvent =
  | { readonly kind: 'begin'; readonly commitLsn: Lsn; readonly xid: number }
  | { readonly kind: 'insert'; readonly message: OutboxMessage }
  /** A row that its writer inserted as settled already (restored history): never sent. */
  | { readonly kind: 'history' }
  /** What somebody wrote to the relay with `pg_logical_emit_message`, in its transaction. */
  | { readonly kind: 'request'; readonly text: string }
  | { readonly kind: 'commit'; readonly endLsn: Lsn }
  | { readonly kind: 'other' };

const REQUIRED = ['message_id', 'message_type', 'message_body'] as const;
const SETTLED_BY = ['processed_at', 'parked_at', 'dropped_at'] as const;
const OTHER: WalEvent = { kind: 'other' };
const HISTORY: WalEvent = { kind: 'history' };

/**
 * Decodes pgoutput, protocol version 1, taking only the outbox columns and those as bytes: jsonb through a parser
 * would change numbers. https://www.postgresql.org/docs/current/protocol-logicalrep-message-formats.html
 * One decoder per connection: a Relation message describes the rows that follow it there.
 */
export class OutboxDecoder {
  readonly #columns = new Map<number, string[]>();

  /** Throws WAL_MALFORMED for bytes that are not pgoutput, OUTBOX_UNREADABLE for a table without the required columns. */
  decode(buffer: Buffer): WalEvent {
    switch (String.fromCharCode(buffer[0] ?? 0)) {
      case 'B':
        return begin(new Reader(buffer, 1));
      case 'C':
        return commit(new Reader(buffer, 1));
      case 'I':
        return this.#insert(buffer);
      case 'R':
        this.#relation(buffer);
        return OTHER;
      case 'M':
        return logicalMessage(new Reader(buffer, 1));
      // Origin and type; and updates, deletes and truncates, should a publication let them through:
      // the relay's own marks are updates, so an update is never an event.
      case 'O':
      case 'Y':
      case 'U':
      case 'D':
      case 'T':
        return OTHER;
      default:
        throw new AppError('WAL_MALFORMED', `Unknown pgoutput message 0x${buffer.toString('hex', 0, 1)}`);
    }
  }

  #relation(buffer: Buffer): void {
    const reader = new Reader(buffer, 1);
    const oid = reader.uint32();
    const table = `${reader.text()}.${reader.text()}`;
    reader.skip(1); // replica identity
    const names = Array.from({ length: reader.uint16() }, () => {
      reader.skip(1); // flags
      const name = reader.text();
      reader.skip(8); // type, modifier
      return name;
    });
    // By name and not by position, so that columns may come and go; a required one that is gone must not be skipped over.
    const missing = REQUIRED.filter((name) => !names.includes(name));
    this.#columns.delete(oid);
    if (missing.length > 0) {
      throw new AppError(
        'OUTBOX_UNREADABLE',
        `The publication sends rows of ${table} without ${missing.join(', ')}`,
      );
    }
    this.#columns.set(oid, names);
  }

  #insert(buffer: Buffer): WalEvent {
    const reader = new Reader(buffer, 1);
    const oid = reader.uint32();
    const names = this.#columns.get(oid);
    if (!names) throw new AppError('WAL_MALFORMED', `An insert into relation ${oid} before its description`);
    reader.skip(1); // 'N': a new tuple follows
    const values = reader.tuple(names);
    if (SETTLED_BY.some((name) => values[name] !== undefined)) return HISTORY;
    return { kind: 'insert', message: toMessage(values) };
  }
}

function begin(reader: Reader): WalEvent {
  const commitLsn = reader.uint64();
  reader.skip(8); // time
  return { kind: 'begin', commitLsn, xid: reader.uint32() };
}

function commit(reader: Reader): WalEvent {
  reader.skip(1 + 8); // flags, the commit's own position
  return { kind: 'commit', endLsn: reader.uint64() };
}

/** Any program may write messages of its own; one outside of a transaction has no place among the commits. */
function logicalMessage(reader: Reader): WalEvent {
  const isTransactional = reader.uint8() === 1;
  reader.skip(8); // its position
  const isOurs = reader.text() === REQUEST_PREFIX;
  return isTransactional && isOurs
    ? { kind: 'request', text: reader.bytes(reader.uint32()).toString() }
    : OTHER;
}

type Tuple = Readonly<Record<string, Buffer | undefined>>;

function toMessage(values: Tuple): OutboxMessage {
  return {
    messageId: required(values, 'message_id').toString(),
    messageType: required(values, 'message_type').toString(),
    // A copy: a slice would keep the whole chunk it was read in alive for as long as this message waits.
    body: Buffer.from(required(values, 'message_body')),
    aggregateId: values['aggregate_id']?.toString(),
    correlationId: values['correlation_id']?.toString(),
    causationId: values['causation_id']?.toString(),
    userId: values['user_id']?.toString(),
    metadata: values['metadata']?.toString(),
    traceparent: values['traceparent']?.toString(),
    tracestate: values['tracestate']?.toString(),
  };
}

function required(values: Tuple, name: (typeof REQUIRED)[number]): Buffer {
  const value = values[name];
  if (!value) throw new AppError('OUTBOX_UNREADABLE', `An outbox row without a ${name}`);
  return value;
}

/** Reads on from a position; throws WAL_MALFORMED at the end of the bytes, never less than was asked for. */
class Reader {
  readonly #buffer: Buffer;
  #at: number;

  constructor(buffer: Buffer, at: number) {
    this.#buffer = buffer;
    this.#at = at;
  }

  skip(bytes: number): void {
    this.#take(bytes);
  }

  uint8(): number {
    return this.#buffer.readUInt8(this.#take(1));
  }

  uint16(): number {
    return this.#buffer.readUInt16BE(this.#take(2));
  }

  uint32(): number {
    return this.#buffer.readUInt32BE(this.#take(4));
  }

  uint64(): bigint {
    return this.#buffer.readBigUInt64BE(this.#take(8));
  }

  bytes(count: number): Buffer {
    const start = this.#take(count);
    return this.#buffer.subarray(start, start + count);
  }

  text(): string {
    const end = this.#buffer.indexOf(0, this.#at);
    if (end === -1) throw cutShort();
    const start = this.#take(end + 1 - this.#at);
    return this.#buffer.toString('utf8', start, end);
  }

  /** Columns by name; a NULL is absent. */
  tuple(names: readonly string[]): Tuple {
    const count = this.uint16();
    if (count !== names.length) {
      throw new AppError('WAL_MALFORMED', `A row of ${count} columns where ${names.length} were described`);
    }
    const values: Record<string, Buffer> = {};
    for (const name of names) {
      const form = String.fromCharCode(this.#buffer[this.#take(1)] ?? 0);
      if (form === 'n') continue;
      if (form !== 't')
        throw new AppError('WAL_MALFORMED', `Column ${name} comes in form '${form}', not as text`);
      const length = this.uint32();
      const start = this.#take(length);
      values[name] = this.#buffer.subarray(start, start + length);
    }
    return values;
  }

  /** Where the next so many bytes start. */
  #take(bytes: number): number {
    const start = this.#at;
    if (start + bytes > this.#buffer.length) throw cutShort();
    this.#at += bytes;
    return start;
  }
}

function cutShort(): AppError {
  return new AppError('WAL_MALFORMED', 'A pgoutput message is cut short');
}
