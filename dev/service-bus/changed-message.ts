import rhea from 'rhea';
import { EncodedMessage, section, type TextField, textFields } from './encoded-message.ts';
import { compoundAt, fieldAt, listSection, mapSection, valueEnd, variableAt } from './wire.ts';

const propertyFields = 13;
const nullValue = Buffer.from([0x40]);

/** A copy with other texts and application properties, everything else byte for byte; undefined removes what it had. */
export function changedMessage(
  encoded: EncodedMessage,
  fields: ReadonlyMap<TextField, string | undefined>,
  properties: Record<string, unknown>,
): EncodedMessage {
  return new EncodedMessage(
    Buffer.concat([
      encoded.bytes.subarray(0, encoded.bareAt),
      fields.size === 0 ? propertiesSection(encoded) : changedPropertiesSection(encoded, fields),
      changedApplicationProperties(encoded, properties),
      encoded.bytes.subarray(encoded.bodyAt),
    ]),
  );
}

/** The properties section as it came; empty when there is none. */
export function propertiesSection(encoded: EncodedMessage): Buffer {
  if (encoded.propertiesAt < 0) return Buffer.alloc(0);
  return encoded.bytes.subarray(encoded.bareAt, valueEnd(encoded.bytes, encoded.propertiesAt));
}

/** The sender's application properties, except those that changed, and the changed ones. */
export function changedApplicationProperties(
  encoded: EncodedMessage,
  changed: Record<string, unknown>,
): Buffer {
  const entries: Buffer[] = [];
  let count = 0;
  const { bytes, applicationPropertiesAt } = encoded;
  if (applicationPropertiesAt >= 0) {
    const map = compoundAt(bytes, applicationPropertiesAt);
    let at = map.start;
    for (let i = 0; i < map.count; i += 2) {
      const valueAt = valueEnd(bytes, at);
      const end = valueEnd(bytes, valueAt);
      const name = variableAt(bytes, at)?.toString('utf8') ?? '';
      if (!Object.hasOwn(changed, name)) {
        entries.push(bytes.subarray(at, end));
        count += 2;
      }
      at = end;
    }
  }
  for (const [name, value] of Object.entries(changed)) {
    if (value === undefined) continue;
    entries.push(encodedValue(name), encodedValue(value));
    count += 2;
  }
  return mapSection(section.applicationProperties, count, entries);
}

/** An AMQP-value section less its descriptor: rhea's typings hide the writer that would encode a bare value. */
export function encodedValue(value: unknown): Buffer {
  const message = rhea.message.encode({ body: typeof value === 'bigint' ? wrappedLong(value) : value });
  let at = 0;
  while (message.readUInt8(at + 2) !== section.value) at = valueEnd(message, valueEnd(message, at + 1));
  return message.subarray(at + 3);
}

function changedPropertiesSection(
  encoded: EncodedMessage,
  changed: ReadonlyMap<TextField, string | undefined>,
): Buffer {
  const fields = Array.from({ length: propertyFields }, (_, index) => {
    const at = fieldAt(encoded.bytes, encoded.propertiesAt, index);
    return at < 0 ? nullValue : encoded.bytes.subarray(at, valueEnd(encoded.bytes, at));
  });
  for (const [field, text] of changed) {
    const value = field === 'contentType' && text !== undefined ? rhea.types.wrap_symbol(text) : text;
    fields[textFields[field]] = value === undefined ? nullValue : encodedValue(value);
  }
  return listSection(section.properties, fields);
}

function wrappedLong(value: bigint): unknown {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(value);
  return rhea.types.wrap_long(bytes);
}
