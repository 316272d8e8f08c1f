import type { OutboxMessage } from '../../relay/outbox/outbox-message.ts';
import type { Publisher } from '../../relay/publishing/publisher.ts';

/** Prepares and sends these as one batch; rejects with what either throws. */
export async function sendMessages(publisher: Publisher, batch: readonly OutboxMessage[]): Promise<void> {
  await publisher.send(batch.map((message) => publisher.prepare(message)));
}
