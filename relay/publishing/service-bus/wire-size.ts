import type { OutboxMessage } from '../../outbox/outbox-message.ts';

/** Property names, the id, the content type and AMQP's framing of all of it. */
const FRAMING_BYTES = 300;

/** What a message costs on the wire at most, and little less. */
export function wireBytes(message: OutboxMessage): number {
  return (
    FRAMING_BYTES +
    message.body.length +
    2 * utf8Bytes(message.messageType) + // the subject, and a property
    2 * utf8Bytes(message.aggregateId) + // also the session id
    utf8Bytes(message.correlationId) +
    utf8Bytes(message.causationId) +
    utf8Bytes(message.userId) +
    2 * utf8Bytes(message.metadata) + // a small number is longer in AMQP than in JSON
    2 * utf8Bytes(message.traceparent) + // also the Diagnostic-Id
    utf8Bytes(message.tracestate)
  );
}

function utf8Bytes(text: string | undefined): number {
  return text === undefined ? 0 : Buffer.byteLength(text);
}
