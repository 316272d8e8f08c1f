import { and, asc, eq, isNotNull, isNull, type SQL, sql } from 'drizzle-orm';
import { errorCode } from '../../core/errors.ts';
import type { Database } from '../../db/database.ts';
import { prepared } from '../../db/prepared.ts';
import { inbox } from '../../db/schema.ts';
import type { ReceivedMessage } from '../received-message.ts';
import { HandlingError } from './handling-error.ts';
import { fromWaitingRow, toWaitingRow, type WaitingMessage } from './waiting-message.ts';

const { placeholder } = sql;
const LOCK_NOT_AVAILABLE = '55P03'; // https://www.postgresql.org/docs/current/errcodes-appendix.html

const insertHandledRow = prepared((db) =>
  db
    .insert(inbox)
    .values({
      consumer: placeholder('consumer'),
      messageId: placeholder('messageId'),
      messageType: placeholder('messageType'),
      processedAt: sql`now()`,
      aggregateId: placeholder('aggregateId'),
      correlationId: placeholder('correlationId'),
      causationId: placeholder('causationId'),
      deliveryCount: placeholder('deliveryCount'),
      sequenceNumber: placeholder('sequenceNumber'),
    })
    .onConflictDoNothing()
    .prepare('insert_inbox'),
);

/** The message that its aggregate waits behind. Locked: a retry of it, which comes after this transaction, finds what this one writes. */
const lockFirstWaiting = prepared((db) =>
  db
    .select({ messageId: inbox.messageId })
    .from(inbox)
    .where(waitsIn(placeholder('consumer'), placeholder('aggregateId')))
    .orderBy(asc(inbox.sequenceNumber))
    .limit(1)
    .for('share')
    .prepare('lock_first_waiting'),
);

/**
 * Inserts the row of a message that is about to be handled; false if there is one. Whoever handles the same message waits here until this
 * transaction ends. Throws MESSAGE_IN_HAND when it is this one that waits, for longer than `lock_timeout`; and with `inOrder`
 * AGGREGATE_WAITS when the message's aggregate waits.
 */
export async function insertHandled(
  db: Database,
  consumer: string,
  message: ReceivedMessage,
  inOrder: boolean,
): Promise<boolean> {
  const { aggregateId } = message;
  try {
    const [{ rowCount }, waiting] = await Promise.all([
      insertHandledRow(db).execute(rowOf(consumer, message)),
      inOrder && aggregateId !== undefined ? lockFirstWaiting(db).execute({ consumer, aggregateId }) : [],
    ]);
    if (rowCount === 0) return false;
    const [first] = waiting;
    if (!first) return true;
    throw new HandlingError('AGGREGATE_WAITS', `${aggregateId} waits behind message ${first.messageId}`);
  } catch (cause) {
    if (errorCode(cause) !== LOCK_NOT_AVAILABLE) throw cause;
    throw new HandlingError(
      'MESSAGE_IN_HAND',
      'Somebody else handles this message, or has locked the table inbox',
      {
        cause,
      },
    );
  }
}

/** Inserts the row of a message that waits for a person, because of `reason`; if there is a row, nothing. */
export async function insertWaiting(
  db: Database,
  consumer: string,
  message: ReceivedMessage,
  reason: string,
): Promise<void> {
  const { messageBody, messageContext } = toWaitingRow(message);
  await db
    .insert(inbox)
    .values({
      ...rowOf(consumer, message),
      messageBody: sql`${messageBody}::jsonb`,
      messageContext,
      errorMessage: reason,
    })
    .onConflictDoNothing();
}

/** Inserts the row of a message that is never to be handled; if there is a row, nothing. */
export async function insertDropped(
  db: Database,
  consumer: string,
  message: ReceivedMessage,
  reason: string,
): Promise<void> {
  await db
    .insert(inbox)
    .values({ ...rowOf(consumer, message), processedAt: sql`now()`, errorMessage: droppedFor(reason) })
    .onConflictDoNothing();
}

/** What the row of a message says that a person gave up. */
export const droppedFor = (reason: string): string => `Dropped: ${reason}`;

/** The same as `insertWaiting`, behind another one of its aggregate. False if none waits any more. */
export async function insertBehind(
  db: Database,
  consumer: string,
  message: ReceivedMessage,
): Promise<boolean> {
  const { aggregateId } = message;
  const [first] = await lockFirstWaiting(db).execute({ consumer, aggregateId });
  if (!first) return false;
  await insertWaiting(db, consumer, message, `Waits behind message ${first.messageId}`);
  return true;
}

/** The message, if it waits. */
export async function findWaiting(
  db: Database,
  consumer: string,
  messageId: string,
): Promise<WaitingMessage | undefined> {
  const [row] = await selectWaiting(db).where(isWaiting(consumer, messageId));
  return row && fromWaitingRow(row);
}

/** The first message of the aggregate that waits. */
export async function findFirstWaiting(
  db: Database,
  consumer: string,
  aggregateId: string,
): Promise<WaitingMessage | undefined> {
  const [row] = await selectWaiting(db)
    .where(waitsIn(consumer, aggregateId))
    .orderBy(asc(inbox.sequenceNumber))
    .limit(1);
  return row && fromWaitingRow(row);
}

/** Makes the row of a message that waits that of one that was handled; false if it does not wait any more. */
export async function endWaiting(
  db: Database,
  consumer: string,
  messageId: string,
  note: string | null,
): Promise<boolean> {
  const { rowCount } = await db
    .update(inbox)
    .set({ processedAt: sql`now()`, messageBody: null, messageContext: null, errorMessage: note })
    .where(isWaiting(consumer, messageId))
    .execute();
  return rowCount === 1;
}

/** Whether the message was handled, by whomever. */
export async function isHandled(db: Database, consumer: string, messageId = ''): Promise<boolean> {
  const rows = await db
    .select({})
    .from(inbox)
    .where(and(eq(inbox.consumer, consumer), eq(inbox.messageId, messageId), isNotNull(inbox.processedAt)));
  return rows.length > 0;
}

/** Notes that the message could not be handled once more. */
export async function noteFailure(
  db: Database,
  consumer: string,
  messageId: string,
  reason: string,
): Promise<void> {
  await db
    .update(inbox)
    .set({ retryCount: sql`${inbox.retryCount} + 1`, errorMessage: reason })
    .where(isWaiting(consumer, messageId));
}

function rowOf(consumer: string, message: ReceivedMessage) {
  const { messageId = '', type = '', aggregateId, correlationId, deliveryCount, sequenceNumber } = message;
  return {
    consumer,
    messageId,
    messageType: type,
    aggregateId: aggregateId ?? null,
    correlationId: correlationId ?? null,
    causationId: message.causationId ?? null,
    deliveryCount,
    sequenceNumber,
  };
}

function selectWaiting(db: Database) {
  return db
    .select({
      messageId: inbox.messageId,
      messageType: inbox.messageType,
      // As text: JavaScript would make another number of one that is too long for it.
      messageBody: sql<string>`${inbox.messageBody}::text`,
      aggregateId: inbox.aggregateId,
      correlationId: inbox.correlationId,
      causationId: inbox.causationId,
      deliveryCount: inbox.deliveryCount,
      sequenceNumber: inbox.sequenceNumber,
      messageContext: inbox.messageContext,
    })
    .from(inbox);
}

type Value = string | ReturnType<typeof placeholder>;

const isWaiting = (consumer: string, messageId: string): SQL | undefined =>
  and(eq(inbox.consumer, consumer), eq(inbox.messageId, messageId), isNull(inbox.processedAt));

function waitsIn(consumer: Value, aggregateId: Value): SQL | undefined {
  return and(eq(inbox.consumer, consumer), eq(inbox.aggregateId, aggregateId), isNull(inbox.processedAt));
}
