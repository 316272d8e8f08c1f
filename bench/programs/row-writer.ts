import { createHash, randomUUIDv7 } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { answerRequests, nowUs } from '../support/worker.ts';

// Commits rows of the outbox at a steady pace, whatever each one takes.

export interface RowsRequest {
  readonly url: string;
  readonly bodies: readonly Uint8Array[];
  readonly perSecond: number;
  readonly count: number;
}

/** When each message's commit was answered, in microseconds. */
export type RowsReply = ReadonlyMap<string, number>;

const CONNECTIONS = 16;

answerRequests(async ({ url, bodies, perSecond, count }: RowsRequest): Promise<RowsReply> => {
  const texts = bodies.map((body) => Buffer.from(body).toString());
  const clients = await Promise.all(Array.from({ length: CONNECTIONS }, () => connect(url)));
  const committedUs = new Map<string, number>();
  const startedAt = nowUs();
  let next = 0;
  const lane = async (client: pg.Client) => {
    while (next < count) {
      const n = next++;
      const waitMs = (startedAt + (n * 1e6) / perSecond - nowUs()) / 1_000;
      if (waitMs >= 1) await sleep(waitMs);
      const messageId = randomUUIDv7();
      const hash = createHash('md5').update(messageId).digest('hex');
      await client.query({
        name: 'row',
        text: `INSERT INTO outbox (message_id, message_type, message_body, aggregate_id, correlation_id, causation_id, traceparent)
          VALUES ($1, 'OrderCreated', $2, $3, $5, $5, $4)`,
        values: [messageId, texts[n % texts.length], hash, `00-${hash}-${hash.slice(16)}-01`, messageId],
      });
      committedUs.set(messageId, nowUs());
    }
  };
  await Promise.all(clients.map(lane));
  await Promise.all(clients.map((client) => client.end()));
  return committedUs;
});

async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  return client;
}
