// The AMQP 1.0 type encodings that the broker has to look at without decoding a whole message.
// https://docs.oasis-open.org/amqp/core/v1.0/os/amqp-core-types-v1.0-os.html#section-encodings

const bytesOfFixedWidth = [0, 1, 2, 4, 8, 16];

/** A list or a map: how many values it holds (a map: keys and values) and where they lie. */
export interface Compound {
  readonly count: number;
  readonly start: number;
  readonly end: number;
}

/** Where the encoded value that starts at `at` ends. Throws a RangeError when the bytes are cut short. */
export function valueEnd(bytes: Buffer, at: number): number {
  const code = bytes.readUInt8(at);
  const category = code >> 4;
  if (category >= 0xa) {
    const end = (category & 1) === 0 ? at + 2 + bytes.readUInt8(at + 1) : at + 5 + bytes.readUInt32BE(at + 1);
    if (end > bytes.length) throw new RangeError(`The value at ${at} ends past the message`);
    return end;
  }
  if (category === 0) return valueEnd(bytes, valueEnd(bytes, at + 1));
  const width = bytesOfFixedWidth[category - 4];
  if (width === undefined) throw new RangeError(`0x${code.toString(16)} is not an AMQP type`);
  return at + 1 + width;
}

/** The values inside the list or map at `at`; null counts as an empty one. */
export function compoundAt(bytes: Buffer, at: number): Compound {
  const code = bytes.readUInt8(at);
  switch (code) {
    case 0x40:
    case 0x45:
      return { count: 0, start: at + 1, end: at + 1 };
    case 0xc0:
    case 0xc1:
      return { count: bytes.readUInt8(at + 2), start: at + 3, end: valueEnd(bytes, at) };
    case 0xd0:
    case 0xd1:
      return { count: bytes.readUInt32BE(at + 5), start: at + 9, end: valueEnd(bytes, at) };
    default:
      throw new RangeError(`0x${code.toString(16)} is neither a list nor a map`);
  }
}

/** Where field `index` of the list at `at` starts, or -1 when it is missing or null. */
export function fieldAt(bytes: Buffer, at: number, index: number): number {
  if (at < 0) return -1;
  const list = compoundAt(bytes, at);
  if (index >= list.count) return -1;
  let field = list.start;
  for (let i = 0; i < index; i++) field = valueEnd(bytes, field);
  return bytes.readUInt8(field) === 0x40 ? -1 : field;
}

/** The content of a string, symbol or binary value; undefined for any other type. */
export function variableAt(bytes: Buffer, at: number): Buffer | undefined {
  switch (bytes.readUInt8(at) >> 4) {
    case 0xa:
      return bytes.subarray(at + 2, valueEnd(bytes, at));
    case 0xb:
      return bytes.subarray(at + 5, valueEnd(bytes, at));
    default:
      return undefined;
  }
}

/** An unsigned integer of up to 32 bits; undefined for any other type. */
export function uintAt(bytes: Buffer, at: number): number | undefined {
  switch (bytes.readUInt8(at)) {
    case 0x43:
      return 0;
    case 0x52:
      return bytes.readUInt8(at + 1);
    case 0x70:
      return bytes.readUInt32BE(at + 1);
    default:
      return undefined;
  }
}

/** A symbol value, to be written as a key of an annotations map. */
export function symbol(name: string): Buffer {
  return Buffer.concat([Buffer.from([0xa3, name.length]), Buffer.from(name, 'ascii')]);
}

/** A 64-bit signed value: type code 0x81 is a long, 0x83 a timestamp in milliseconds. */
export function writeLong(target: Buffer, at: number, code: 0x81 | 0x83, value: number): number {
  target[at] = code;
  target.writeInt32BE(Math.floor(value / 0x1_0000_0000), at + 1);
  target.writeUInt32BE(value - Math.floor(value / 0x1_0000_0000) * 0x1_0000_0000, at + 5);
  return at + 9;
}

/** A map32 section: its descriptor and the encoded keys and values. */
export function mapSection(code: number, count: number, entries: readonly Buffer[]): Buffer {
  return compoundSection(code, 0xd1, count, entries);
}

/** A list32 section: its descriptor and the encoded fields. */
export function listSection(code: number, fields: readonly Buffer[]): Buffer {
  return compoundSection(code, 0xd0, fields.length, fields);
}

function compoundSection(code: number, type: number, count: number, entries: readonly Buffer[]): Buffer {
  const size = entries.reduce((sum, entry) => sum + entry.length, 0);
  const head = Buffer.from([0x00, 0x53, code, type, 0, 0, 0, 0, 0, 0, 0, 0]);
  head.writeUInt32BE(size + 4, 4);
  head.writeUInt32BE(count, 8);
  return Buffer.concat([head, ...entries]);
}
