import type { OutboxMessage } from './outbox-message.ts';

/** A row of the outbox, wherever it was read. */
export interface MessageRow {
  /** Undefined: NULL, or a table without that column. */
  text(member: keyof OutboxMessage): string | undefined;
  /** As `text`; throws OUTBOX_UNREADABLE without a value. */
  required(member: keyof OutboxMessage): string;
  /** The committed bytes, which the caller may keep. Throws OUTBOX_UNREADABLE without a value. */
  body(): Buffer;
}

export function toMessage(row: MessageRow): OutboxMessage {
  return {
    messageId: row.required('messageId'),
    messageType: row.required('messageType'),
    body: row.body(),
    aggregateId: row.text('aggregateId'),
    correlationId: row.text('correlationId'),
    causationId: row.text('causationId'),
    userId: row.text('userId'),
    metadata: row.text('metadata'),
    traceparent: row.text('traceparent'),
    tracestate: row.text('tracestate'),
  };
}

/** What `SELECT_MESSAGE` brings. */
export type SelectedMessage = Readonly<Record<keyof OutboxMessage, string | null>>;

/** The table holds NULL in no required column. */
export function fromTable(row: SelectedMessage): OutboxMessage {
  const text = (member: keyof OutboxMessage) => row[member] ?? undefined;
  const required = (member: keyof OutboxMessage) => row[member] ?? '';
  return toMessage({ text, required, body: () => Buffer.from(required('body')) });
}
