import { ServiceBusClient } from '@azure/service-bus';
import type pg from 'pg';
import { LogicalReplicationService } from 'pg-logical-replication';
import { answerRequests } from '../support/worker.ts';

// What no relay can be faster than: every row is sent by itself the moment it comes, and nothing is decoded but its first column, the
// message id, and the body behind the second. No order, no retry, no mark, no acknowledgement.

export interface FloorRequest {
  readonly url: string;
  readonly slot: string;
  readonly connectionString: string;
}

answerRequests(async ({ url, slot, connectionString }: FloorRequest) => {
  const client = new ServiceBusClient(connectionString, { retryOptions: { maxRetries: 0 } });
  const sender = client.createSender('orders');
  await sender.createMessageBatch(); // opens the link
  const plugin = {
    name: 'pgoutput',
    options: {},
    start: (connection: pg.Client, slotName: string, lastLsn: string) =>
      connection.query(
        `START_REPLICATION SLOT "${slotName}" LOGICAL ${lastLsn} (proto_version '1', publication_names 'order_outbox')`,
      ),
    parse(buffer: Buffer) {
      if (buffer[0] !== INSERT) return;
      const id = column(buffer, FIRST_COLUMN);
      const type = column(buffer, id.end);
      const body = column(buffer, type.end);
      const messageId = id.bytes.toString();
      const applicationProperties = {
        'Diagnostic-Id': `00-${messageId.replaceAll('-', '')}-0000000000000001-01`,
      };
      void sender.sendMessages({ messageId, body: body.bytes, applicationProperties });
    },
  };
  const service = new LogicalReplicationService(
    { connectionString: url },
    { acknowledge: { auto: false, timeoutSeconds: 0 } },
  );
  const started = Promise.withResolvers<void>();
  service.on('start', () => started.resolve());
  service.subscribe(plugin, slot).catch(started.reject);
  await started.promise;
});

const INSERT = 'I'.charCodeAt(0);
/** After the kind of message, the relation, 'N' and the number of columns. */
const FIRST_COLUMN = 8;

/** A column that is not NULL: 't', its length, its bytes. */
function column(buffer: Buffer, at: number): { bytes: Buffer; end: number } {
  const end = at + 5 + buffer.readUInt32BE(at + 1);
  return { bytes: buffer.subarray(at + 5, end), end };
}
