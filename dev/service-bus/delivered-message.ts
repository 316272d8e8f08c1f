import { changedApplicationProperties, encodedValue, propertiesSection } from './changed-message.ts';
import type { EncodedMessage } from './encoded-message.ts';
import { section } from './encoded-message.ts';
import type { StoredMessage } from './stored-message.ts';
import { compoundAt, fieldAt, mapSection, symbol, valueEnd, writeLong } from './wire.ts';

const sequenceNumber = symbol('x-opt-sequence-number');
const enqueuedSequenceNumber = symbol('x-opt-enqueue-sequence-number');
const enqueuedTime = symbol('x-opt-enqueued-time');
const lockedUntil = symbol('x-opt-locked-until');
const messageState = symbol('x-opt-message-state');
const deadLetterSource = symbol('x-opt-deadletter-source');
const stateNumbers = { active: 0, deferred: 1, scheduled: 2 } as const;
const nullValue = Buffer.from([0x40]);

/**
 * The bytes that a receiver gets: a header and annotations of the broker's, then the sender's properties, application
 * properties and body, copied. Only a change that a receiver asked for (abandon, defer, dead-letter) is encoded anew.
 */
export function deliveredBytes(message: StoredMessage, lockedUntilMs?: number): Buffer {
  const { encoded } = message;
  const parts = [header(encoded, message.deliveryCount), annotations(message, lockedUntilMs)];
  if (message.changedProperties === undefined) {
    parts.push(encoded.bytes.subarray(encoded.bareAt));
  } else {
    parts.push(
      propertiesSection(encoded),
      changedApplicationProperties(encoded, message.changedProperties),
      encoded.bytes.subarray(encoded.bodyAt),
    );
  }
  return Buffer.concat(parts);
}

function header(encoded: EncodedMessage, deliveryCount: number): Buffer {
  const fields = [0, 1, 2, 3].map((index) => {
    const at = fieldAt(encoded.bytes, encoded.headerAt, index);
    return at < 0 ? nullValue : encoded.bytes.subarray(at, valueEnd(encoded.bytes, at));
  });
  const count = Buffer.from([0x70, 0, 0, 0, 0]);
  count.writeUInt32BE(deliveryCount, 1);
  const content = Buffer.concat([...fields, count]);
  return Buffer.concat([Buffer.from([0x00, 0x53, section.header, 0xc0, content.length + 1, 5]), content]);
}

function annotations(message: StoredMessage, lockedUntilMs: number | undefined): Buffer {
  const entries = [
    sequenceNumber,
    long(message.sequenceNumber),
    enqueuedSequenceNumber,
    long(message.enqueuedSequenceNumber),
    enqueuedTime,
    timestamp(message.enqueuedAt),
  ];
  if (lockedUntilMs !== undefined) entries.push(lockedUntil, timestamp(lockedUntilMs));
  if (message.state !== 'active') entries.push(messageState, long(stateNumbers[message.state]));
  if (message.deadLetterSource !== undefined) {
    entries.push(deadLetterSource, encodedValue(message.deadLetterSource));
  }
  let count = entries.length;
  const { bytes, annotationsAt } = message.encoded;
  if (annotationsAt >= 0) {
    const own = compoundAt(bytes, annotationsAt);
    entries.push(bytes.subarray(own.start, own.end));
    count += own.count;
  }
  return mapSection(section.messageAnnotations, count, entries);
}

function long(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(9);
  writeLong(bytes, 0, 0x81, value);
  return bytes;
}

function timestamp(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(9);
  writeLong(bytes, 0, 0x83, value);
  return bytes;
}
