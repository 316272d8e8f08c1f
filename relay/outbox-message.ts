/** One outbox row on its way to the broker, from the WAL or from the table: the committed bytes, never parsed and printed again. */
export interface OutboxMessage {
  readonly messageId: string;
  readonly messageType: string;
  readonly body: Buffer;
  readonly aggregateId: string | undefined;
  readonly correlationId: string | undefined;
  readonly causationId: string | undefined;
  readonly userId: string | undefined;
  /** A JSON object, as PostgreSQL prints it. */
  readonly metadata: string | undefined;
  readonly traceparent: string | undefined;
  readonly tracestate: string | undefined;
}

/** What a message costs on the wire at most: the body, its properties, and room for AMQP's framing and property names. */
export function wireBytes(message: OutboxMessage): number {
  const text =
    message.messageType.length * 2 + // the subject, and a property
    (message.aggregateId?.length ?? 0) * 2 + // also the session id
    (message.correlationId?.length ?? 0) +
    (message.causationId?.length ?? 0) +
    (message.userId?.length ?? 0) +
    (message.metadata?.length ?? 0) * 2 +
    (message.traceparent?.length ?? 0) * 2 + // also the Diagnostic-Id
    (message.tracestate?.length ?? 0);
  // A UTF-16 unit is at most three bytes of UTF-8.
  return message.body.length + text * 3 + 512;
}
