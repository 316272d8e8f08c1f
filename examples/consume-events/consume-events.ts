import { isServiceBusError, ServiceBusClient, type ServiceBusReceivedMessage } from '@azure/service-bus';
import type pg from 'pg';

export interface Consumer {
  readonly connectionString: string;
  readonly topic: string;
  /** It requires sessions. */
  readonly subscription: string;
  /** With the table of docs/consume.md. */
  readonly pool: pg.Pool;
  /** What an event changes: within the transaction of `db`, once for each event, those of an order one after the other. */
  readonly handle: (db: pg.PoolClient, event: ServiceBusReceivedMessage) => Promise<void>;
  readonly stopping: AbortSignal;
  /** How long one call waits for a session. Each call is an operation that is paid for. */
  readonly waitMs?: number;
}

/** Handles events until it is stopped. Rejects with what `handle` or the broker throws; the event comes again then. */
export async function consumeEvents(consumer: Consumer): Promise<void> {
  const { connectionString, topic, subscription, pool, handle, stopping, waitMs = 60_000 } = consumer;
  const client = new ServiceBusClient(connectionString, {
    retryOptions: { timeoutInMs: waitMs, maxRetries: 0 },
  });
  try {
    while (!stopping.aborted) {
      const session = await client.acceptNextSession(topic, subscription).catch(only('ServiceTimeout'));
      if (!session) continue; // no order has anything to tell
      try {
        for (;;) {
          const [event] = await session.receiveMessages(1, { maxWaitTimeInMs: 1_000 });
          if (!event) break;
          await handleOnce(pool, event, handle);
          await session.completeMessage(event);
          if (stopping.aborted) break;
        }
      } catch (error) {
        only('SessionLockLost')(error); // what is not completed comes again, and is known
      } finally {
        await session.close();
      }
    }
  } finally {
    await client.close();
  }
}

/** The row of the message and what the event changes are committed together, so that a repeat changes nothing. */
async function handleOnce(pool: pg.Pool, event: ServiceBusReceivedMessage, handle: Consumer['handle']) {
  const db = await pool.connect();
  try {
    await db.query('BEGIN');
    const { rowCount } = await db.query(
      'INSERT INTO handled_messages (message_id) VALUES ($1) ON CONFLICT DO NOTHING',
      [event.messageId],
    );
    if (rowCount === 1) await handle(db, event);
    await db.query('COMMIT');
  } catch (error) {
    await db.query('ROLLBACK');
    throw error;
  } finally {
    db.release();
  }
}

/** Throws any other error. */
const only = (code: string) => (error: unknown) => {
  if (!isServiceBusError(error) || error.code !== code) throw error;
};
