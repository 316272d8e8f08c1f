import type { AmqpError } from './amqp-error.ts';
import type { EncodedMessage } from './encoded-message.ts';
import { limits } from './limits.ts';
import type { SendLimits } from './namespace-config.ts';
import { unsupportedPropertyType } from './property-type.ts';
import { sendRefusal } from './send-refusal.ts';
import { compoundAt, valueEnd } from './wire.ts';

const partitionKeyAnnotation = 'x-opt-partition-key';

/** What an entity asks of the messages that are sent to it. */
export interface SendRules
  extends Pick<SendLimits, 'partitioned' | 'duplicateWindowMs' | 'maxBatchMessages'> {
  /** A queue with sessions takes no message without one. A topic does, and its session subscriptions dead-letter it. */
  readonly needsSessionId: boolean;
}

/** Why the service would refuse these messages, one alone or a batch; undefined when it would take them. */
export function sendRefusalOf(messages: readonly EncodedMessage[], rules: SendRules): AmqpError | undefined {
  if (messages.length > rules.maxBatchMessages) return sendRefusal.unprocessable();
  for (const message of messages) {
    const refused = headerRefusal(message) ?? idRefusal(message, rules);
    if (refused !== undefined) return refused;
  }
  return messages.length > 1 && rules.partitioned ? mixedBatchRefusal(messages, rules) : undefined;
}

/** Everything but the body: its size, and the size and the type of each property. */
function headerRefusal(message: EncodedMessage): AmqpError | undefined {
  if (message.bodyAt > limits.headerBytes.value) return sendRefusal.headerTooLarge();
  const { bytes, applicationPropertiesAt } = message;
  if (applicationPropertiesAt < 0) return undefined;
  const properties = compoundAt(bytes, applicationPropertiesAt);
  for (let at = properties.start; at < properties.end; ) {
    const valueAt = valueEnd(bytes, at);
    at = valueEnd(bytes, valueAt);
    const type = unsupportedPropertyType(bytes, valueAt);
    if (type !== undefined) return sendRefusal.unsupportedType(type);
    // Less the type and the length that stand before a long text.
    if (at - valueAt - 5 > limits.propertyBytes.value) return sendRefusal.unprocessable();
  }
  return undefined;
}

function idRefusal(message: EncodedMessage, rules: SendRules): AmqpError | undefined {
  const most = limits.idCharacters.value;
  if (message.isLonger('messageId', most)) return sendRefusal.idTooLong('MessageId');
  if (message.isLonger('sessionId', most)) return sendRefusal.idTooLong('SessionId');
  const partitionKey = partitionKeyOf(message);
  if ((partitionKey?.length ?? 0) > most) return sendRefusal.idTooLong('PartitionKey');
  if (rules.needsSessionId && message.sessionId === undefined) return sendRefusal.sessionIdMissing();
  if (partitionKey !== undefined) {
    return partitionKey === (message.sessionId ?? partitionKey)
      ? undefined
      : sendRefusal.partitionKeyDiffers();
  }
  const needsKey = rules.partitioned && rules.duplicateWindowMs > 0;
  return needsKey && message.sessionId === undefined && message.messageId === undefined
    ? sendRefusal.partitionKeyMissing()
    : undefined;
}

/** A batch goes to one partition as a whole. */
function mixedBatchRefusal(messages: readonly EncodedMessage[], rules: SendRules): AmqpError | undefined {
  const detectsDuplicates = rules.duplicateWindowMs > 0;
  const differ = (of: (message: EncodedMessage) => string | undefined) =>
    messages.some((message) => of(message) !== of(messages[0] as EncodedMessage));
  return differ((message) => message.sessionId) ||
    differ(partitionKeyOf) ||
    (detectsDuplicates && differ((message) => message.messageId))
    ? sendRefusal.mixedBatch(detectsDuplicates)
    : undefined;
}

function partitionKeyOf(message: EncodedMessage): string | undefined {
  const key = message.annotations[partitionKeyAnnotation];
  return typeof key === 'string' ? key : undefined;
}
