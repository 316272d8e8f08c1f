import { RelayError } from '../relay-error.ts';

const POSTGRES_EPOCH_MS = Date.UTC(2000, 0, 1);

/** Reads on through one message after the other; throws WAL_MALFORMED at the end of the bytes, never less than was asked for. */
export class PgoutputReader {
  #buffer: Buffer = Buffer.alloc(0);
  #at = 0;

  /** From here on it reads these bytes. */
  open(buffer: Buffer, at: number): void {
    this.#buffer = buffer;
    this.#at = at;
  }

  skip(bytes: number): void {
    this.take(bytes);
  }

  uint8(): number {
    return this.#buffer.readUInt8(this.take(1));
  }

  uint16(): number {
    return this.#buffer.readUInt16BE(this.take(2));
  }

  uint32(): number {
    return this.#buffer.readUInt32BE(this.take(4));
  }

  uint64(): bigint {
    return this.#buffer.readBigUInt64BE(this.take(8));
  }

  /** Milliseconds since 1970, with fractions; PostgreSQL writes microseconds since 2000. */
  timestamp(): number {
    const high = this.uint32();
    return POSTGRES_EPOCH_MS + (high * 2 ** 32 + this.uint32()) / 1_000;
  }

  /** Text that ends with a zero. */
  text(): string {
    const end = this.#buffer.indexOf(0, this.#at);
    if (end === -1) throw cutShort();
    const start = this.take(end + 1 - this.#at);
    return this.textAt(start, end);
  }

  /** Where the next so many bytes start; goes on behind them. */
  take(bytes: number): number {
    const start = this.#at;
    this.#at = start + bytes;
    if (this.#at > this.#buffer.length) throw cutShort();
    return start;
  }

  textAt(start: number, end: number): string {
    return this.#buffer.toString('utf8', start, end);
  }

  /** A copy: a slice would keep the whole chunk it was read in alive, until pg writes the next one over it. */
  bytesAt(start: number, end: number): Buffer {
    return Buffer.from(this.#buffer.subarray(start, end));
  }
}

function cutShort(): RelayError {
  return new RelayError('WAL_MALFORMED', 'A pgoutput message is cut short');
}
