import type { inbox } from '../../db/schema.ts';
import type { TraceContext } from '../../messages/trace-context.ts';
import type { ReceivedMessage } from '../received-message.ts';

/** A message that waits in the table: it has an id, or it could not. */
export interface WaitingMessage extends ReceivedMessage {
  readonly messageId: string;
}

/** What came with it and has no column of its own. */
interface WaitingContext {
  readonly userId?: string | undefined;
  readonly metadata: Readonly<Record<string, string>>;
  readonly trace?: TraceContext | undefined;
  readonly aggregateVersion?: number | undefined;
  readonly enqueuedAt: string;
}

/** The columns that only a message has that waits; the body is JSON. */
export function toWaitingRow({
  body,
  userId,
  metadata,
  trace,
  aggregateVersion,
  enqueuedAt,
}: ReceivedMessage) {
  const context: WaitingContext = {
    userId,
    metadata,
    trace,
    aggregateVersion,
    enqueuedAt: enqueuedAt.toISOString(),
  };
  return { messageBody: body.toString(), messageContext: context };
}

type Row = typeof inbox.$inferSelect;
type WaitingRow = Pick<
  Row,
  | 'messageId'
  | 'messageType'
  | 'aggregateId'
  | 'correlationId'
  | 'causationId'
  | 'deliveryCount'
  | 'sequenceNumber'
  | 'messageContext'
> & { readonly messageBody: string };

/** The message of a row that `toWaitingRow` has made. */
export function fromWaitingRow(row: WaitingRow): WaitingMessage {
  const context = row.messageContext as WaitingContext; // written by toWaitingRow alone
  return {
    messageId: row.messageId,
    type: row.messageType,
    body: Buffer.from(row.messageBody),
    aggregateId: row.aggregateId ?? undefined,
    aggregateVersion: context.aggregateVersion,
    correlationId: row.correlationId ?? undefined,
    causationId: row.causationId ?? undefined,
    userId: context.userId,
    metadata: context.metadata,
    trace: context.trace,
    deliveryCount: row.deliveryCount,
    sequenceNumber: row.sequenceNumber ?? 0n,
    enqueuedAt: new Date(context.enqueuedAt),
  };
}
