import type pg from 'pg';
import type { ServiceBusConnection } from '../../core/service-bus/service-bus-connection.ts';
import { read } from '../../db/reader.ts';
import type { Consumer } from '../consumer.ts';
import { findWaiting } from '../handling/inbox-store.ts';
import type { ReceivedMessage } from '../received-message.ts';
import { type DeadLetter, peekDeadLetters } from '../receiving/dead-letter-queue.ts';
import { isMeant, type Selection, type UnhandledMessage } from './unhandled-message.ts';
import { findWaitingRows } from './waiting-rows.ts';

/** Where messages are that a person has to decide about. */
export interface Places {
  readonly pool: pg.Pool;
  readonly connection: ServiceBusConnection;
  readonly consumers: readonly Consumer[];
}

/** Those that are meant: the table's, then each consumer's dead letters, the oldest first. Throws a ReceiveError and what `pg` throws. */
export async function findUnhandled(
  { pool, connection, consumers }: Places,
  selection: Selection,
): Promise<UnhandledMessage[]> {
  const found = (await findWaitingRows(pool)).filter((message) => isMeant(selection, message));
  for (const consumer of consumers) {
    if (selection.consumer !== undefined && selection.consumer !== consumer.name) continue;
    for await (const deadLetter of peekDeadLetters(connection, consumer)) {
      const message = toUnhandled(consumer.name, deadLetter);
      if (isMeant(selection, message)) found.push(message);
    }
  }
  return found;
}

/** All that came with this message; undefined if it is not there any more. Throws as `findUnhandled`. */
export async function findContent(
  { pool, connection, consumers }: Places,
  { place, consumer, messageId, sequenceNumber }: UnhandledMessage,
): Promise<ReceivedMessage | undefined> {
  if (place === 'inbox') return read(pool, (db) => findWaiting(db, consumer, messageId ?? ''));
  const source = consumers.find(({ name }) => name === consumer);
  if (!source) return undefined;
  for await (const { message } of peekDeadLetters(connection, source)) {
    if (message.sequenceNumber === sequenceNumber) return message;
  }
  return undefined;
}

function toUnhandled(consumer: string, { message, reason, description }: DeadLetter): UnhandledMessage {
  const { messageId, sequenceNumber, type, aggregateId, deliveryCount, enqueuedAt: since } = message;
  return {
    place: 'dead-letter',
    consumer,
    messageId,
    sequenceNumber,
    type,
    aggregateId,
    deliveryCount,
    since,
    reason: [reason, description].filter(Boolean).join(': '),
  };
}
