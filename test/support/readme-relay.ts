import { ServiceBusClient } from '@azure/service-bus';
import {
  type LogicalReplicationConfig,
  LogicalReplicationService,
  type Pgoutput,
  PgoutputPlugin,
} from 'pg-logical-replication';

// A relay written after the README of pg-logical-replication 2.5.0, to show what each of its usages loses.
// https://github.com/kibae/pg-logical-replication/blob/main/README.md

const { DATABASE_URL = '', RELAY_SLOT = '', SERVICEBUS_CONNECTION_STRING = '', USAGE = '' } = process.env;

interface Usage {
  readonly config: Partial<LogicalReplicationConfig>;
  /**
   * Which message is acknowledged by hand once it has been handled: each on its own, as the README's example does, or,
   * with more care than that, the Commit after which everything so far has been sent.
   */
  readonly acknowledges?: 'messages' | 'commits';
  /** "You may need to run service.acknowledge()" */
  readonly answersHeartbeats?: boolean;
  /** So that a connection does not begin where the object's last one was; without `destroy()`. */
  readonly newObjects?: boolean;
}

const MANUAL = { acknowledge: { auto: false, timeoutSeconds: 0 } };

const USAGES: Record<string, Usage> = {
  auto: { config: {} },
  'auto with flow control': { config: { flowControl: { enabled: true } } },
  'acknowledge messages': { config: MANUAL, acknowledges: 'messages' },
  'acknowledge commits': { config: MANUAL, acknowledges: 'commits' },
  'acknowledge commits, default timer': {
    config: { acknowledge: { auto: false } as Required<LogicalReplicationConfig>['acknowledge'] },
    acknowledges: 'commits',
  },
  'acknowledge commits, answer heartbeats': {
    config: MANUAL,
    acknowledges: 'commits',
    answersHeartbeats: true,
  },
  'acknowledge commits, new objects': { config: MANUAL, acknowledges: 'commits', newObjects: true },
  'acknowledge commits, flow control': {
    config: { ...MANUAL, flowControl: { enabled: true } },
    acknowledges: 'commits',
  },
};

const usage = USAGES[USAGE];
if (!usage) throw new Error(`There is no usage '${USAGE}'`);

const client = new ServiceBusClient(SERVICEBUS_CONNECTION_STRING, { retryOptions: { maxRetries: 0 } });
const sender = client.createSender('orders');

const plugin = new PgoutputPlugin({ protoVersion: 1, publicationNames: ['order_outbox'] });
let service = createService(usage);
let handled: Promise<void> = Promise.resolve();
let failed = false;

// A handler that rejects must not end the process: with luck that would come before the acknowledgement does.
process.on('unhandledRejection', (error) => console.error(error));

(function proc() {
  void service
    .subscribe(plugin, RELAY_SLOT)
    .catch((error: unknown) => {
      console.error(error);
    })
    .then(() => {
      if (usage.newObjects) service = createService(usage);
      setTimeout(proc, 100);
    });
})();

function createService({ config, acknowledges, answersHeartbeats }: Usage): LogicalReplicationService {
  const created = new LogicalReplicationService({ connectionString: DATABASE_URL }, config);
  created.on('start', () => console.log('Streaming'));
  created.on('error', (error) => console.error(error));
  created.on('data', (lsn: string, log: Pgoutput.Message) => {
    if (acknowledges !== 'commits') return handleOne(lsn, log);
    handled = handled.then(() => handleInOrder(lsn, log));
    return handled;
  });
  if (answersHeartbeats) created.on('heartbeat', async (lsn) => void (await created.acknowledge(lsn)));
  return created;
}

async function handleOne(lsn: string, log: Pgoutput.Message): Promise<void> {
  await send(log);
  if (usage?.acknowledges) await service.acknowledge(lsn);
}

async function handleInOrder(lsn: string, log: Pgoutput.Message): Promise<void> {
  try {
    if (log.tag === 'begin') failed = false;
    await send(log);
    if (log.tag === 'commit' && !failed) await service.acknowledge(lsn);
  } catch (error) {
    failed = true;
    console.error('Failed to process, skipping ack:', error);
  }
}

async function send(log: Pgoutput.Message): Promise<void> {
  if (log.tag !== 'insert') return;
  const { message_id: messageId, message_type: subject, message_body: body } = log.new;
  await sender.sendMessages({
    messageId,
    subject,
    contentType: 'application/json',
    body: Buffer.from(JSON.stringify(body)),
  });
}
