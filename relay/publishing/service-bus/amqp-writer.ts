/** Constructors of the AMQP 1.0 types: https://docs.oasis-open.org/amqp/core/v1.0/os/amqp-core-types-v1.0-os.html#section-encodings */
const DESCRIBED = 0x00;
const NULL = 0x40;
const TRUE = 0x41;
const FALSE = 0x42;
const LIST_0 = 0x45;
const UINT_8 = 0x52;
const ULONG_8 = 0x53;
const INT_8 = 0x54;
const UINT_32 = 0x70;
const INT_32 = 0x71;
const ULONG_64 = 0x80;
const LONG_64 = 0x81;
const DOUBLE = 0x82;
const BINARY_8 = 0xa0;
const STRING_8 = 0xa1;
const SYMBOL_8 = 0xa3;
const LIST_32 = 0xd0;
const MAP_32 = 0xd1;
/** From the 8-bit form of a text or of bytes to its 32-bit form. */
const WIDE = 0x10;

const FIRST_BYTES = 64 * 1024;

/** Where the size of something is filled in when it ends. */
type Begun = number;

/** Writes AMQP 1.0 values behind one another, choosing for each the form that rhea, and so the SDK, would choose. */
export class AmqpWriter {
  #buffer = Buffer.allocUnsafeSlow(FIRST_BYTES);
  #length = 0;

  /** A copy of what was written since the last call. */
  take(): Buffer {
    const bytes = Buffer.allocUnsafe(this.#length);
    this.#buffer.copy(bytes, 0, 0, this.#length);
    this.#length = 0;
    return bytes;
  }

  /** Forgets what was written since the last `take`. */
  restart(): void {
    this.#length = 0;
  }

  /** How much was written since the last `take`. */
  get length(): number {
    return this.#length;
  }

  /** The value that is written next is of the type with this descriptor. */
  describe(descriptor: number): void {
    this.#byte(DESCRIBED);
    this.#byte(ULONG_8);
    this.#byte(descriptor);
  }

  null(): void {
    this.#byte(NULL);
  }

  emptyList(): void {
    this.#byte(LIST_0);
  }

  beginList(count: number): Begun {
    return this.#begin(LIST_32, count);
  }

  /** `count` is of keys and values together. */
  beginMap(count: number): Begun {
    return this.#begin(MAP_32, count);
  }

  /** Closes the list or map that began there. */
  end(begun: Begun): void {
    this.#buffer.writeUInt32BE(this.#length - begun - 4, begun);
  }

  /** Bytes that are written as values of their own, until `endBinary`. */
  beginBinary(): Begun {
    return this.#begin(BINARY_8 | WIDE);
  }

  endBinary(begun: Begun): void {
    const length = this.#length - begun - 4;
    if (length > 0xff) {
      this.end(begun);
      return;
    }
    this.#buffer[begun - 1] = BINARY_8;
    this.#buffer[begun] = length;
    this.#buffer.copyWithin(begun + 1, begun + 4, this.#length);
    this.#length -= 3;
  }

  string(text: string): void {
    this.#text(STRING_8, text);
  }

  symbol(text: string): void {
    this.#text(SYMBOL_8, text);
  }

  boolean(value: boolean): void {
    this.#byte(value ? TRUE : FALSE);
  }

  binary(bytes: Uint8Array): void {
    this.#lengthOf(BINARY_8, bytes.length);
    this.#room(bytes.length);
    this.#buffer.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** As the SDK does it: a whole number above zero is unsigned, any other whole one signed, each in its shortest form. */
  number(value: number): void {
    this.#room(9);
    const at = this.#length;
    const buffer = this.#buffer;
    if (!Number.isInteger(value)) {
      buffer[at] = DOUBLE;
      this.#length = buffer.writeDoubleBE(value, at + 1);
    } else if (value > 0xffff_ffff) {
      buffer[at] = ULONG_64;
      this.#length = buffer.writeBigUInt64BE(BigInt(value), at + 1);
    } else if (value > 0) {
      buffer[at] = value > 0xff ? UINT_32 : UINT_8;
      this.#length = value > 0xff ? buffer.writeUInt32BE(value, at + 1) : buffer.writeUInt8(value, at + 1);
    } else if (value > -0x7fff_ffff) {
      buffer[at] = value < -0x80 ? INT_32 : INT_8;
      this.#length = value < -0x80 ? buffer.writeInt32BE(value, at + 1) : buffer.writeInt8(value, at + 1);
    } else {
      buffer[at] = LONG_64;
      this.#length = buffer.writeBigInt64BE(BigInt(value), at + 1);
    }
  }

  #begin(type: number, count?: number): Begun {
    this.#room(9);
    this.#buffer[this.#length] = type;
    const begun = this.#length + 1;
    this.#length = begun + 4;
    if (count !== undefined) this.#length = this.#buffer.writeUInt32BE(count, this.#length);
    return begun;
  }

  #text(short: number, text: string): void {
    // A UTF-16 unit is at most three bytes of UTF-8, so most texts need no second look.
    const longest = text.length * 3;
    this.#room(longest + 5);
    if (longest <= 0xff || Buffer.byteLength(text) <= 0xff) {
      const at = this.#length;
      const length = this.#buffer.write(text, at + 2);
      this.#buffer[at] = short;
      this.#buffer[at + 1] = length;
      this.#length = at + 2 + length;
    } else {
      const begun = this.#begin(short | WIDE);
      this.#length += this.#buffer.write(text, this.#length);
      this.end(begun);
    }
  }

  #lengthOf(short: number, length: number): void {
    this.#room(5);
    if (length <= 0xff) {
      this.#buffer[this.#length] = short;
      this.#length = this.#buffer.writeUInt8(length, this.#length + 1);
    } else {
      this.#buffer[this.#length] = short | WIDE;
      this.#length = this.#buffer.writeUInt32BE(length, this.#length + 1);
    }
  }

  #byte(value: number): void {
    this.#room(1);
    this.#buffer[this.#length++] = value;
  }

  #room(bytes: number): void {
    const needed = this.#length + bytes;
    if (needed <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.#buffer.length * 2));
    this.#buffer.copy(larger, 0, 0, this.#length);
    this.#buffer = larger;
  }
}
