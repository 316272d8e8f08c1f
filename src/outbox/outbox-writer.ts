import { sql } from 'drizzle-orm';
import type { Database } from '../db/database.ts';
import { prepared } from '../db/prepared.ts';
import { outbox } from '../db/schema.ts';
import type { Event } from '../messages/message.ts';
import type { MessageContext } from '../messages/message-context.ts';

export interface EventToPublish {
  readonly event: Event;
  readonly context: MessageContext;
}

const { placeholder } = sql;

const insertEvent = prepared((db) =>
  db
    .insert(outbox)
    .values({
      messageId: placeholder('messageId'),
      messageType: placeholder('messageType'),
      messageBody: placeholder('messageBody'),
      createdAt: placeholder('createdAt'),
      aggregateId: placeholder('aggregateId'),
      aggregateVersion: placeholder('aggregateVersion'),
      correlationId: placeholder('correlationId'),
      causationId: placeholder('causationId'),
      userId: placeholder('userId'),
      // Cast, not encoded by the column: that would make JSON's null of what is to be none.
      metadata: sql`${placeholder('metadata')}::jsonb`,
      traceparent: placeholder('traceparent'),
      tracestate: placeholder('tracestate'),
    })
    .prepare('insert_event'),
);

/** Appends events to the outbox, in order: they are published if, and only if, the transaction that `db` is in commits. */
export async function appendToOutbox(
  db: Database,
  events: readonly EventToPublish[],
  createdAt: Date,
): Promise<void> {
  const inserts = events.map(({ event, context }) => {
    const { messageId, correlationId, causationId, userId, metadata, trace } = context;
    return insertEvent(db).execute({
      messageId,
      messageType: event.type,
      messageBody: event.body,
      createdAt,
      aggregateId: event.aggregateId,
      aggregateVersion: event.aggregateVersion ?? null,
      correlationId,
      causationId: causationId ?? null,
      userId: userId ?? null,
      metadata: metadataOf(metadata, event.schemaVersion),
      traceparent: trace?.traceparent ?? null,
      tracestate: trace?.tracestate ?? null,
    });
  });
  await Promise.all(inserts);
}

/** The relay sends what is in it as properties of the message. */
function metadataOf(metadata: MessageContext['metadata'], schemaVersion: number | undefined): string | null {
  const all = schemaVersion === undefined ? metadata : { ...metadata, schemaVersion };
  return Object.keys(all).length > 0 ? JSON.stringify(all) : null;
}
