import type { AmqpError } from './amqp-error.ts';
import { limits } from './limits.ts';

/** What the broker answers to messages that the service would refuse. The conditions and texts are the service's own. */
export const sendRefusal = {
  /** A definite refusal, though it asks for another try. https://github.com/Azure/azure-sdk-for-net/issues/15325 */
  unprocessable: (): AmqpError => ({
    condition: 'amqp:internal-error',
    description:
      'The service was unable to process the request; please retry the operation. For more information on exception types and proper exception handling, please refer to http://go.microsoft.com/fwlink/?LinkId=761101',
  }),
  headerTooLarge: (): AmqpError => ({
    condition: 'amqp:link:message-size-exceeded',
    description: `A serialization error occurred while processing the message header stream. The serialization process return the following message: The size quota for this stream (${limits.headerBytes.value}) has been exceeded.`,
  }),
  unsupportedType: (type: string): AmqpError => ({
    condition: 'amqp:link:message-size-exceeded',
    description: `Serialization operation failed due to unsupported type ${type}.`,
  }),
  batchWithoutData: (link: string): AmqpError => ({
    condition: 'amqp:not-allowed',
    description: `The link '${link}' is force detached by the broker because publisher received a batch message with no data in it. Detach origin: Publisher.`,
  }),
  idTooLong: (property: string): AmqpError =>
    notAllowed(
      `The value supplied for ${property} is longer than the ${limits.idCharacters.value} characters allowed.`,
    ),
  partitionKeyDiffers: (): AmqpError =>
    notAllowed('The PartitionKey of a message must be equal to its SessionId when both are set.'),
  partitionKeyMissing: (): AmqpError =>
    notAllowed(
      'Message to a partitioned entity with duplicate detection enabled must have either PartitionKey or MessageId set.',
    ),
  mixedBatch: (detectsDuplicates: boolean): AmqpError =>
    notAllowed(
      detectsDuplicates
        ? 'Batching brokered messages with distinct SessionId, PartitionKey, or MessageId  is not supported for an entity with partitioning and duplicate detection enabled.'
        : 'Batching brokered messages with distinct SessionId or PartitionKey is not supported for an entity with partitioning enabled.',
    ),
  sessionIdMissing: (): AmqpError =>
    notAllowed(
      'The SessionId was not set on a message, and it cannot be sent to the entity. Entities that have session support enabled can only receive messages that have the SessionId set to a valid value.',
    ),
};

function notAllowed(description: string): AmqpError {
  return { condition: 'amqp:not-allowed', description };
}
