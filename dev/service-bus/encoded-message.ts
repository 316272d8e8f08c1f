import rhea from 'rhea';
import { compoundAt, fieldAt, uintAt, valueEnd, variableAt } from './wire.ts';

/** The sections of a message, by the number in their descriptor. */
export const section = {
  header: 0x70,
  deliveryAnnotations: 0x71,
  messageAnnotations: 0x72,
  properties: 0x73,
  applicationProperties: 0x74,
  data: 0x75,
  sequence: 0x76,
  value: 0x77,
  footer: 0x78,
} as const;

/** Where the texts of the properties section stand in it. */
export const textFields = {
  messageId: 0,
  to: 2,
  subject: 3,
  replyTo: 4,
  correlationId: 5,
  contentType: 6,
  sessionId: 10,
  replyToSessionId: 12,
} as const;

export type TextField = keyof typeof textFields;

/**
 * A message as it came: its bytes and where its sections lie. Fields are decoded when they are asked for, never kept,
 * and the bytes are never encoded anew, so a body leaves the broker exactly as it entered.
 */
export class EncodedMessage {
  readonly bytes: Buffer;
  /** Where each section's value starts, -1 when the message has none. */
  readonly headerAt: number;
  readonly annotationsAt: number;
  readonly propertiesAt: number;
  readonly applicationPropertiesAt: number;
  /** Where the sender's own part starts, the descriptor of its first section: properties, or what follows them. */
  readonly bareAt: number;
  /** Where the first body section's descriptor starts. */
  readonly bodyAt: number;

  /** Throws a RangeError when the bytes are not a message. */
  constructor(bytes: Buffer) {
    this.bytes = bytes;
    let headerAt = -1;
    let annotationsAt = -1;
    let propertiesAt = -1;
    let applicationPropertiesAt = -1;
    let bareAt = bytes.length;
    let bodyAt = bytes.length;
    let at = 0;
    while (at < bytes.length && bodyAt === bytes.length) {
      const code = sectionCode(bytes, at);
      const value = valueEnd(bytes, at + 1);
      if (code >= section.properties) bareAt = Math.min(bareAt, at);
      if (code === section.header) headerAt = value;
      else if (code === section.messageAnnotations) annotationsAt = value;
      else if (code === section.properties) propertiesAt = value;
      else if (code === section.applicationProperties) applicationPropertiesAt = value;
      else if (code >= section.data) bodyAt = at;
      at = valueEnd(bytes, value);
    }
    this.headerAt = headerAt;
    this.annotationsAt = annotationsAt;
    this.propertiesAt = propertiesAt;
    this.applicationPropertiesAt = applicationPropertiesAt;
    this.bareAt = bareAt;
    this.bodyAt = bodyAt;
  }

  get messageId(): string | undefined {
    return this.#text('messageId');
  }

  get to(): string | undefined {
    return this.#text('to');
  }

  get subject(): string | undefined {
    return this.#text('subject');
  }

  get replyTo(): string | undefined {
    return this.#text('replyTo');
  }

  get correlationId(): string | undefined {
    return this.#text('correlationId');
  }

  get contentType(): string | undefined {
    return this.#text('contentType');
  }

  get sessionId(): string | undefined {
    return this.#text('sessionId');
  }

  get replyToSessionId(): string | undefined {
    return this.#text('replyToSessionId');
  }

  /** Whether a text has more characters than these. Nothing is decoded as long as its bytes are fewer. */
  isLonger(field: TextField, characters: number): boolean {
    const at = fieldAt(this.bytes, this.propertiesAt, textFields[field]);
    if (at < 0 || valueEnd(this.bytes, at) - at <= characters) return false;
    return scalarAsText(this.bytes, at).length > characters;
  }

  /** The header's time to live in milliseconds. */
  get timeToLiveMs(): number | undefined {
    const at = fieldAt(this.bytes, this.headerAt, 2);
    return at < 0 ? undefined : uintAt(this.bytes, at);
  }

  get annotations(): Record<string, unknown> {
    // The SDK sends an empty map with every message: not worth a decode.
    if (this.annotationsAt < 0 || compoundAt(this.bytes, this.annotationsAt).count === 0) return {};
    return this.#decode(section.messageAnnotations, this.annotationsAt)['message_annotations'] ?? {};
  }

  get applicationProperties(): Record<string, unknown> {
    if (this.applicationPropertiesAt < 0) return {};
    return (
      this.#decode(section.applicationProperties, this.applicationPropertiesAt)['application_properties'] ??
      {}
    );
  }

  /** The content of the data sections, or of an AMQP string or binary value; any other body as its encoded bytes. */
  get body(): Buffer {
    const parts: Buffer[] = [];
    let at = this.bodyAt;
    while (at < this.bytes.length) {
      const value = valueEnd(this.bytes, at + 1);
      const end = valueEnd(this.bytes, value);
      if (sectionCode(this.bytes, at) !== section.footer) {
        parts.push(variableAt(this.bytes, value) ?? this.bytes.subarray(value, end));
      }
      at = end;
    }
    return parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts);
  }

  #text(field: TextField): string | undefined {
    const at = fieldAt(this.bytes, this.propertiesAt, textFields[field]);
    return at < 0 ? undefined : scalarAsText(this.bytes, at);
  }

  #decode(code: number, valueAt: number): { [section: string]: Record<string, unknown> | undefined } {
    const value = this.bytes.subarray(valueAt, valueEnd(this.bytes, valueAt));
    return rhea.message.decode(Buffer.concat([Buffer.from([0x00, 0x53, code]), value]));
  }
}

/** The messages in the data sections of a batch envelope (message format 0x80013700). */
export function batchedMessages(envelope: Buffer): EncodedMessage[] {
  const messages: EncodedMessage[] = [];
  let at = new EncodedMessage(envelope).bodyAt;
  while (at < envelope.length) {
    const value = valueEnd(envelope, at + 1);
    if (sectionCode(envelope, at) === section.data) {
      const bytes = variableAt(envelope, value);
      if (bytes === undefined) throw new RangeError('A data section of the batch holds no bytes');
      messages.push(new EncodedMessage(bytes));
    }
    at = valueEnd(envelope, value);
  }
  return messages;
}

function sectionCode(bytes: Buffer, at: number): number {
  if (bytes.readUInt8(at) !== 0x00) throw new RangeError(`No section starts at byte ${at}`);
  switch (bytes.readUInt8(at + 1)) {
    case 0x53:
      return bytes.readUInt8(at + 2);
    case 0x80:
      return bytes.readUInt8(at + 9);
    default:
      throw new RangeError(`The section at byte ${at} has no numeric descriptor`);
  }
}

function scalarAsText(bytes: Buffer, at: number): string {
  switch (bytes.readUInt8(at)) {
    case 0x44:
      return '0';
    case 0x53:
      return String(bytes.readUInt8(at + 1));
    case 0x80:
      return String(bytes.readBigUInt64BE(at + 1));
    case 0x98:
      return rhea.uuid_to_string(bytes.subarray(at + 1, at + 17));
    default:
      return variableAt(bytes, at)?.toString('utf8') ?? '';
  }
}
