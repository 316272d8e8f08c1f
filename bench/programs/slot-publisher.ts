import { parseLsn } from '../../relay/lsn.ts';
import type { OutboxMessage } from '../../relay/outbox/outbox-message.ts';
import { ServiceBusPublisher } from '../../relay/publishing/service-bus/service-bus-publisher.ts';
import { WalStream } from '../../relay/replication/stream.ts';
import { createLogger } from '../../src/core/log.ts';
import { outboxOid } from '../support/outbox-oid.ts';
import { answerRequests } from '../support/worker.ts';

// The relay's stream, decoder and publisher on one slot and one publication, without marks: the share of the work that several
// relays would divide between them. Answers when it has read to the end of the backlog and everything is accepted.

export interface PublishRequest {
  readonly url: string;
  readonly slot: string;
  readonly publication: string;
  readonly from: string;
  /** How many events it will get. */
  readonly count: number;
  readonly connectionString: string;
}

const BATCH = 100;
const IN_FLIGHT = 4;
const MOST_WAITING = 10_000;

answerRequests(async ({ url, slot, publication, from, count, connectionString }: PublishRequest) => {
  const publisher = new ServiceBusPublisher(
    { connectionString, entity: 'orders', sessions: false },
    createLogger({ level: 'error', service: 'bench' }),
  );
  await publisher.connect('orders');
  const position = parseLsn(from);
  const stream = await WalStream.open({
    url,
    slot,
    publication,
    outboxOid: await outboxOid(url),
    from: position,
    stopping: AbortSignal.any([]),
  });
  const done = Promise.withResolvers<void>();
  stream.ended.catch(done.reject);
  let waiting: OutboxMessage[] = [];
  let inFlight = 0;
  let accepted = 0;

  const pump = () => {
    while (inFlight < IN_FLIGHT && waiting.length > 0) {
      const batch = waiting.slice(0, BATCH);
      waiting = waiting.slice(BATCH);
      inFlight++;
      publisher.send(batch.map((message) => publisher.prepare(message))).then(() => {
        inFlight--;
        accepted += batch.length;
        if (accepted === count) done.resolve();
        pump();
      }, done.reject);
    }
    if (waiting.length > MOST_WAITING) stream.pause();
    else stream.resume();
  };
  stream.attach({
    onEvent: (event) => {
      if (event.kind === 'insert' && waiting.push(event.message) % BATCH === 0) setImmediate(pump);
      if (event.kind === 'commit' && inFlight === 0) setImmediate(pump);
    },
    onKeepalive: () => setImmediate(pump),
    storedLsn: position,
    handledLsn: position,
  });
  stream.resume();
  await done.promise;
});
