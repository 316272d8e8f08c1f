import type { Lsn } from '../lsn.ts';
import { REQUEST_PREFIX } from '../outbox/operator-request.ts';
import type { OutboxMessage } from '../outbox/outbox-message.ts';
import { RelayError } from '../relay-error.ts';
import { PgoutputReader } from './pgoutput-reader.ts';
import { WalRow } from './wal-row.ts';

export type WalEvent =
  | {
      readonly kind: 'begin';
      readonly commitLsn: Lsn;
      readonly xid: number;
      /** By the server's clock: milliseconds since 1970, with fractions. */
      readonly committedAt: number;
    }
  | { readonly kind: 'insert'; readonly message: OutboxMessage }
  /** A row that its writer inserted as settled already (restored history): never sent. */
  | { readonly kind: 'history' }
  /** What somebody wrote to the relay with `pg_logical_emit_message`, in its transaction. */
  | { readonly kind: 'request'; readonly content: Buffer }
  | { readonly kind: 'commit'; readonly endLsn: Lsn }
  | { readonly kind: 'other' };

const OTHER: WalEvent = { kind: 'other' };
const HISTORY: WalEvent = { kind: 'history' };

/**
 * Decodes pgoutput, protocol version 1, taking only rows of the one table, of these only the columns of a message, and those as
 * bytes: jsonb through a parser would change numbers. https://www.postgresql.org/docs/current/protocol-logicalrep-message-formats.html
 * One decoder per connection: a Relation message describes the rows that follow it there.
 */
export class OutboxDecoder {
  readonly #reader = new PgoutputReader();
  readonly #outboxOid: number;
  /** Undefined for a table that is not the outbox, whatever its columns. */
  readonly #rows = new Map<number, WalRow | undefined>();

  constructor(outboxOid: number) {
    this.#outboxOid = outboxOid;
  }

  /** The message from `start` on. Throws WAL_MALFORMED for bytes that are not pgoutput, OUTBOX_UNREADABLE for a table without the required columns. */
  decode(buffer: Buffer, start = 0): WalEvent {
    this.#reader.open(buffer, start + 1);
    switch (String.fromCharCode(buffer[start] ?? 0)) {
      case 'B':
        return this.#begin();
      case 'C':
        return this.#commit();
      case 'I':
        return this.#insert();
      case 'R':
        this.#relation();
        return OTHER;
      case 'M':
        return this.#logicalMessage();
      // Origin and type; and updates, deletes and truncates, should a publication let them through:
      // the relay's own marks are updates, so an update is never an event.
      case 'O':
      case 'Y':
      case 'U':
      case 'D':
      case 'T':
        return OTHER;
      default:
        throw new RelayError(
          'WAL_MALFORMED',
          `Unknown pgoutput message 0x${buffer.toString('hex', start, start + 1)}`,
        );
    }
  }

  #begin(): WalEvent {
    const reader = this.#reader;
    const commitLsn = reader.uint64();
    const committedAt = reader.timestamp();
    return { kind: 'begin', commitLsn, xid: reader.uint32(), committedAt };
  }

  #commit(): WalEvent {
    this.#reader.skip(1 + 8); // flags, the commit's own position
    return { kind: 'commit', endLsn: this.#reader.uint64() };
  }

  #relation(): void {
    const reader = this.#reader;
    const oid = reader.uint32();
    const table = `${reader.text()}.${reader.text()}`;
    reader.skip(1); // replica identity
    const names = Array.from({ length: reader.uint16() }, () => {
      reader.skip(1); // flags
      const name = reader.text();
      reader.skip(8); // type, modifier
      return name;
    });
    this.#rows.delete(oid);
    this.#rows.set(oid, oid === this.#outboxOid ? new WalRow(table, names, reader) : undefined);
  }

  #insert(): WalEvent {
    const oid = this.#reader.uint32();
    const row = this.#rows.get(oid);
    if (!row && this.#rows.has(oid)) return OTHER;
    if (!row) throw new RelayError('WAL_MALFORMED', `An insert into relation ${oid} before its description`);
    this.#reader.skip(1); // 'N': a new tuple follows
    const message = row.read();
    return message ? { kind: 'insert', message } : HISTORY;
  }

  /** Any program may write messages of its own; one outside of a transaction has no place among the commits. */
  #logicalMessage(): WalEvent {
    const reader = this.#reader;
    const isTransactional = reader.uint8() === 1;
    reader.skip(8); // its position
    if (reader.text() !== REQUEST_PREFIX || !isTransactional) return OTHER;
    const length = reader.uint32();
    const start = reader.take(length);
    return { kind: 'request', content: reader.bytesAt(start, start + length) };
  }
}
