import { randomUUID } from 'node:crypto';
import type { ReceivedMessage } from '../../src/inbox/received-message.ts';

/** A message as it comes in, with these parts. */
export function receivedMessage(parts: Partial<ReceivedMessage> = {}): ReceivedMessage {
  return {
    messageId: randomUUID(),
    type: 'InventoryInsufficient',
    body: Buffer.from('{}'),
    aggregateId: undefined,
    aggregateVersion: undefined,
    correlationId: undefined,
    userId: undefined,
    metadata: {},
    trace: undefined,
    deliveryCount: 1,
    sequenceNumber: 1n,
    enqueuedAt: new Date(),
    ...parts,
  };
}
