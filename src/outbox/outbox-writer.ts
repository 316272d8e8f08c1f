import type { Database } from '../core/db/database.ts';
import { outbox } from '../core/db/schema.ts';
import type { Event } from '../core/messages/message.ts';
import type { MessageContext } from '../core/messages/message-context.ts';

export interface EventToPublish {
  readonly event: Event;
  readonly context: MessageContext;
}

/** Appends events to the outbox: they are published if, and only if, the transaction that `db` is in commits. */
export async function appendToOutbox(
  db: Database,
  events: readonly EventToPublish[],
  createdAt: Date,
): Promise<void> {
  if (events.length === 0) return;
  await db.insert(outbox).values(
    events.map(({ event, context }) => ({
      messageId: context.messageId,
      messageType: event.type,
      messageBody: event.body,
      createdAt,
      aggregateId: event.aggregateId,
      correlationId: context.correlationId,
      causationId: context.causationId,
      userId: context.userId,
      metadata: Object.keys(context.metadata).length > 0 ? context.metadata : undefined,
      traceparent: context.trace?.traceparent,
      tracestate: context.trace?.tracestate,
    })),
  );
}
