import { setTimeout as sleep } from 'node:timers/promises';
import { ServiceBusClient } from '@azure/service-bus';
import pg from 'pg';
import { answerRequests } from '../support/worker.ts';

// The tutorial's outbox worker: SELECT what is not processed, publish it, UPDATE it as processed, a message after the other; then
// wait for the interval, 5 seconds there.

export interface PollingRequest {
  readonly url: string;
  readonly connectionString: string;
  readonly batch: number;
  readonly intervalMs: number;
}

answerRequests(async ({ url, connectionString, batch, intervalMs }: PollingRequest) => {
  const db = new pg.Client({ connectionString: url });
  await db.connect();
  const sender = new ServiceBusClient(connectionString).createSender('orders');
  await sender.createMessageBatch(); // opens the link
  void poll();

  async function poll(): Promise<never> {
    for (;;) {
      const { rows } = await db.query<{ message_id: string; message_type: string; body: string }>(
        `SELECT message_id, message_type, message_body::text AS body FROM outbox
         WHERE processed_at IS NULL ORDER BY created_at LIMIT $1`,
        [batch],
      );
      for (const { message_id: messageId, message_type: subject, body } of rows) {
        await sender.sendMessages({ messageId, subject, body: Buffer.from(body) });
        await db.query('UPDATE outbox SET processed_at = NOW() WHERE message_id = $1', [messageId]);
      }
      if (intervalMs > 0 || rows.length === 0) await sleep(intervalMs);
    }
  }
});
