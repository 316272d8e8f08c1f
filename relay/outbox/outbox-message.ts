/** One outbox row on its way to the broker, from the WAL or from the table: the committed bytes, never parsed and printed again. */
export interface OutboxMessage {
  readonly messageId: string;
  readonly messageType: string;
  readonly body: Buffer;
  readonly aggregateId: string | undefined;
  /** A whole number, as PostgreSQL prints it. */
  readonly aggregateVersion: string | undefined;
  readonly correlationId: string | undefined;
  readonly causationId: string | undefined;
  readonly userId: string | undefined;
  /** A JSON object, as PostgreSQL prints it. */
  readonly metadata: string | undefined;
  readonly traceparent: string | undefined;
  readonly tracestate: string | undefined;
  /** Where it goes, whatever its type; undefined: by its type. */
  readonly destination: string | undefined;
  /** Why no broker may have it: what was committed is no text, so what stands here is not what was. */
  readonly fault?: string;
}

/** What a message has in columns. */
export type Member = Exclude<keyof OutboxMessage, 'fault'>;
