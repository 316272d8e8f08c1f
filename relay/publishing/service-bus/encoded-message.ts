import type { Prepared } from '../publisher.ts';
import { AmqpWriter } from './amqp-writer.ts';
import { LEAST_MESSAGE_BYTES, SPARE_ENVELOPE_BYTES } from './service-bus-limits.ts';
import { assertHeaderFits, type OutgoingMessage, type Properties } from './service-bus-message.ts';

/** Descriptors of a message's sections: https://docs.oasis-open.org/amqp/core/v1.0/os/amqp-core-messaging-v1.0-os.html#section-message-format */
const HEADER = 0x70;
const MESSAGE_ANNOTATIONS = 0x72;
const PROPERTIES = 0x73;
const APPLICATION_PROPERTIES = 0x74;
const DATA = 0x75;

/** A message with the bytes that it is in a batch, or one that may be too large for that, as it is. */
export interface EncodedMessage extends Prepared {
  /** What it is in a batch. */
  readonly section: Buffer;
  /** Where all of it but its body lies in `section`. Numbers, since another view of the bytes would be kept for as long as the message. */
  readonly envelopeStart: number;
  readonly envelopeEnd: number;
  readonly large: { readonly message: OutgoingMessage; readonly bytes: number } | undefined;
}

const NO_BYTES = Buffer.alloc(0);
/** Of a body that is larger than 255 bytes: what stands before it. */
const LARGE_BODY_BYTES = 3 + 5;

/** Encodes messages, one after the other in the same memory. */
export class MessageEncoder {
  readonly #writer = new AmqpWriter();

  /** Throws a PublishError of kind poison for more beside the body than Service Bus takes. */
  encode(message: OutgoingMessage, destination: string): EncodedMessage {
    const writer = this.#writer;
    writer.restart();
    writer.describe(DATA);
    const begun = writer.beginBinary();
    const start = writer.length;
    writeAllButBody(writer, message);
    const envelopeBytes = writer.length - start;
    assertHeaderFits(message, envelopeBytes);
    // Not written: it may have any size.
    if (message.body.length > LEAST_MESSAGE_BYTES) {
      return large(message, destination, envelopeBytes + LARGE_BODY_BYTES + message.body.length);
    }
    writer.describe(DATA);
    writer.binary(message.body);
    const ownBytes = writer.length - start;
    writer.endBinary(begun);
    const bytes = writer.length;
    if (bytes + envelopeBytes > LEAST_MESSAGE_BYTES) return large(message, destination, ownBytes);
    const envelopeStart = bytes - ownBytes;
    return {
      destination,
      bytes,
      alone: envelopeBytes > SPARE_ENVELOPE_BYTES,
      section: writer.take(),
      envelopeStart,
      envelopeEnd: envelopeStart + envelopeBytes,
      large: undefined,
    };
  }
}

/** All of a message but its body: the envelope of a batch that begins with it. */
export function envelopeOf({ section, envelopeStart, envelopeEnd }: EncodedMessage): Buffer {
  return section.subarray(envelopeStart, envelopeEnd);
}

/** It goes alone, if at all: what it would take of a batch plays no part. */
function large(message: OutgoingMessage, destination: string, bytes: number): EncodedMessage {
  return {
    destination,
    bytes,
    alone: true,
    section: NO_BYTES,
    envelopeStart: 0,
    envelopeEnd: 0,
    large: { message, bytes },
  };
}

function writeAllButBody(writer: AmqpWriter, message: OutgoingMessage): void {
  writer.describe(HEADER);
  writer.emptyList();
  writer.describe(MESSAGE_ANNOTATIONS);
  writer.end(writer.beginMap(0));
  writeProperties(writer, message);
  writeApplicationProperties(writer, message.applicationProperties);
}

/** A list that ends with the last field that has a value. */
function writeProperties(writer: AmqpWriter, message: OutgoingMessage): void {
  const { messageId, subject, correlationId, contentType, sessionId } = message;
  writer.describe(PROPERTIES);
  const begun = writer.beginList(sessionId === undefined ? 7 : 11);
  writer.string(messageId);
  writer.null(); // user-id
  writer.null(); // to
  writer.string(subject);
  writer.null(); // reply-to
  if (correlationId === undefined) writer.null();
  else writer.string(correlationId);
  writer.symbol(contentType);
  if (sessionId !== undefined) {
    writer.null(); // content-encoding
    writer.null(); // absolute-expiry-time
    writer.null(); // creation-time
    writer.string(sessionId); // group-id
  }
  writer.end(begun);
}

function writeApplicationProperties(writer: AmqpWriter, properties: Properties): void {
  const names = Object.keys(properties);
  writer.describe(APPLICATION_PROPERTIES);
  const begun = writer.beginMap(names.length * 2);
  for (const name of names) {
    const value = properties[name] as Properties[string];
    writer.string(name);
    if (typeof value === 'number') writer.number(value);
    else if (typeof value === 'boolean') writer.boolean(value);
    else writer.string(value);
  }
  writer.end(begun);
}
