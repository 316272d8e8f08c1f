import { isUtf8 } from 'node:buffer';
import { type MessageRow, REPLACEMENT, toMessage } from '../outbox/message-row.ts';
import { MEMBERS, MESSAGE_COLUMNS, REQUIRED_MEMBERS, SETTLED_COLUMNS } from '../outbox/outbox-columns.ts';
import type { Member, OutboxMessage } from '../outbox/outbox-message.ts';
import { RelayError } from '../relay-error.ts';
import type { PgoutputReader } from './pgoutput-reader.ts';

const WANTED: readonly string[] = [...Object.values(MESSAGE_COLUMNS), ...SETTLED_COLUMNS];
/** Where a member's column stands in `WANTED`. */
const INDEX = Object.fromEntries(MEMBERS.map((member, index) => [member, index])) as Record<Member, number>;
const NULL = 'n'.charCodeAt(0);
const TEXT = 't'.charCodeAt(0);

/**
 * Reads rows of one table as it has been described, and of them only the columns that a message needs. By name and not by
 * position, so that columns may come and go; throws OUTBOX_UNREADABLE if a required one is gone, which must not be skipped over.
 * Where the columns of a row lie is kept from row to row in two arrays: an object a row costs as much as all the rest.
 */
export class WalRow implements MessageRow {
  /** For each column of the table its index in `WANTED`; -1: nobody needs it. */
  readonly #wanted: readonly number[];
  readonly #names: readonly string[];
  /** -1: NULL. */
  readonly #starts = new Int32Array(WANTED.length);
  readonly #ends = new Int32Array(WANTED.length);
  readonly #reader: PgoutputReader;
  #broken: Member[] = [];

  constructor(table: string, names: readonly string[], reader: PgoutputReader) {
    const missing = REQUIRED_MEMBERS.map((member) => MESSAGE_COLUMNS[member]).filter(
      (name) => !names.includes(name),
    );
    if (missing.length > 0) {
      throw new RelayError(
        'OUTBOX_UNREADABLE',
        `The publication sends rows of ${table} without ${missing.join(', ')}: mend the table, then drop the replication slot`,
      );
    }
    this.#names = names;
    this.#wanted = names.map((name) => WANTED.indexOf(name));
    this.#reader = reader;
  }

  /** The message of the row that the reader is at, or undefined for one that was inserted as settled already. Throws WAL_MALFORMED. */
  read(): OutboxMessage | undefined {
    if (this.#broken.length > 0) this.#broken = [];
    this.#find();
    for (let index = MEMBERS.length; index < WANTED.length; index++) {
      if (this.#starts[index] !== -1) return undefined;
    }
    return toMessage(this);
  }

  text(member: Member): string | undefined {
    const index = INDEX[member];
    const start = this.#starts[index] as number;
    if (start === -1) return undefined;
    const end = this.#ends[index] as number;
    const text = this.#reader.textAt(start, end);
    if (text.includes(REPLACEMENT) && !isUtf8(this.#reader.bytesAt(start, end))) this.#broken.push(member);
    return text;
  }

  required(member: Member): string {
    const text = this.text(member);
    if (text === undefined) throw withoutA(member);
    return text;
  }

  body(): Buffer {
    const index = INDEX.body;
    const start = this.#starts[index] as number;
    if (start === -1) throw withoutA('body');
    const bytes = this.#reader.bytesAt(start, this.#ends[index] as number);
    if (!isUtf8(bytes)) this.#broken.push('body');
    return bytes;
  }

  broken(): readonly Member[] {
    return this.#broken;
  }

  #find(): void {
    const reader = this.#reader;
    const wanted = this.#wanted;
    const count = reader.uint16();
    if (count !== wanted.length) {
      throw new RelayError(
        'WAL_MALFORMED',
        `A row of ${count} columns where ${wanted.length} were described`,
      );
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
      const index = wanted[i] as number;
      if (index === -1) continue;
      this.#starts[index] = start;
      this.#ends[index] = start + length;
    }
  }
}

function withoutA(member: Member): RelayError {
  return new RelayError('OUTBOX_UNREADABLE', `An outbox row without a ${MESSAGE_COLUMNS[member]}`);
}
