import type { OutboxMessage } from '../../../relay/outbox/outbox-message.ts';

/** An event of an order (undefined: of none), with nothing else than what is required. */
export function outboxMessage(
  messageId: string,
  aggregateId?: string,
  more: Partial<OutboxMessage> = {},
): OutboxMessage {
  return {
    messageId,
    messageType: 'OrderCreated',
    body: Buffer.from('{}'),
    aggregateId,
    aggregateVersion: undefined,
    correlationId: undefined,
    causationId: undefined,
    userId: undefined,
    metadata: undefined,
    traceparent: undefined,
    tracestate: undefined,
    destination: undefined,
    ...more,
  };
}
