import { setTimeout as sleep } from 'node:timers/promises';
import {
  ServiceBusClient,
  type ServiceBusReceivedMessage,
  type ServiceBusReceiver,
} from '@azure/service-bus';
import pg from 'pg';
import { addresses } from './addresses.ts';
import { commandLine } from './command-line.ts';
import { type ConsoleControl, openConsoleControl } from './console-control.ts';
import { demoReport } from './demo-report.ts';
import { epochMs } from './epoch-ms.ts';
import { tailOrders } from './order-tail.ts';
import { placeOrder } from './place-order.ts';
import { RevivedRelay } from './revived-relay.ts';
import { openSaga, type Saga, startSaga } from './saga.ts';
import { tellSaga } from './saga-story.ts';
import { openStack, type Stack } from './stack.ts';
import { stopRequest } from './stop-request.ts';
import type { Step } from './time-bars.ts';
import { USUAL_PORTS } from './usual-ports.ts';

const USAGE = `An order through the whole system on this machine: npm run demo [-- OPTION ...]
It shows the order, its rows, the event that comes out of Service Bus, and where the time went.

  --saga     three services instead: the orders, an inventory and payments, and how three orders end
  --keep     leave everything running until Ctrl-C, print the addresses, and a line for each event
  --auth     ask for a token, of an issuer on this machine
  --verbose  show each step, and all that is in the rows and in the event
`;
const DEADLINE_MS = 120_000;

const { values: flags, refuse } = commandLine(USAGE, {
  options: {
    keep: { type: 'boolean', default: false },
    auth: { type: 'boolean', default: false },
    saga: { type: 'boolean', default: false },
    verbose: { type: 'boolean', default: false },
  },
});
if (flags.saga && flags.auth) refuse('--saga takes no tokens: leave --auth out');
const say = flags.verbose ? (line: string) => console.log(`\n> ${line}`) : () => undefined;
const interrupted = stopRequest();
const stopping = new AbortController();
let stack: Stack | undefined;
let saga: Saga | undefined;
let control: ConsoleControl | undefined;
try {
  const tooLate = sleep(DEADLINE_MS).then(() => `The demo is not through after ${DEADLINE_MS / 1000} s`);
  const ended = await Promise.race([run(), interrupted, tooLate]);
  if (typeof ended === 'string') throw new Error(ended);
  if (stack && control) {
    console.log(addresses(stack, control.url, { receives: flags.saga, saga }));
    void tailOrders(stack, (line) => console.log(line), stopping.signal);
    await interrupted;
  }
} catch (error) {
  console.error(`\nThe demo failed: ${(error as Error).message}`);
  process.exitCode = 1;
} finally {
  console.log('\nStopping everything');
  stopping.abort();
  await control?.close();
  await stack?.close();
}
// A demo that was interrupted may still be waiting for something.
process.exit();

async function run(): Promise<void> {
  const processes = flags.saga ? 'three services with their relays' : 'the api and the relay';
  console.log(`PostgreSQL, a local Service Bus, ${processes} are starting on this machine\n`);
  const running = await openStack({
    say,
    // Tells when a transaction committed, for the time that follows.
    postgres: { settings: { track_commit_timestamp: 'on' } },
    preferredPorts: USUAL_PORTS,
    auth: flags.auth,
  });
  stack = running;
  if (flags.saga) {
    say('Starting the api, the inbox, the inventory, the payments and three relays');
    saga = await openSaga(running);
    await startSaga(running, saga, await startRelay(running));
    return tellSaga(running, saga, console.log);
  }
  say('Starting the api and the relay, two processes');
  const api = running.startApi();
  const relay = await startRelay(running);
  await Promise.all([
    api.ready(`${running.apiUrl}/health/ready`),
    relay.ready(`${running.relayUrl}/health/ready`),
  ]);
  await sendOrder(running);
}

async function startRelay(running: Stack) {
  if (!flags.keep) return running.startRelay();
  control = await openConsoleControl({ stack: running, killRelay: () => revived.kill() });
  const env = { RELAY_CONSOLE_DEV_URL: control.url };
  const revived = new RevivedRelay(() => running.startRelay(env), console.log, stopping.signal);
  return revived.running;
}

async function sendOrder(running: Stack): Promise<void> {
  const client = new ServiceBusClient(running.bus.connectionString);
  const receiver = client.createReceiver('orders', 'all', { receiveMode: 'receiveAndDelete' });
  try {
    // Connects now, so that the time below is the message's and not the connection's.
    await receiver.receiveMessages(1, { maxWaitTimeInMs: 1 });
    const arrival = receiveOne(receiver);
    say(`POST ${running.apiUrl}/api/orders`);
    const requestedAt = epochMs();
    const { status, statusText, location, order } = await placeOrder(running, {
      'x-correlation-id': 'req-123',
    });
    const answer = `${status} ${statusText}`;
    show(`${answer}, Location: ${location}`, order);
    if (status !== 201) throw new Error(`The order was not created: ${answer}`);

    const { message, at: receivedAt } = await arrival;
    const rows = await readRows(running.databaseUrl);
    for (const [table, found] of Object.entries(rows)) show(`Table ${table}`, found);
    showEvent(message);
    const entry = running.bus.journal.entries().find(({ messageId }) => messageId === message.messageId);
    if (!entry) throw new Error('Service Bus does not know what it has delivered');
    console.log(
      demoReport({
        answer: `${answer}, Location: ${location}`,
        rows,
        event: entry,
        body: message.body,
        steps: [
          { step: 'request', at: requestedAt },
          ...(await journeyOf(running.relayUrl, entry.messageId)),
          { step: 'receiver', at: receivedAt },
        ],
      }),
    );
  } finally {
    await client.close();
  }
}

/** What the relay's console knows of the way of a message, without what came before the commit. */
async function journeyOf(relayUrl: string, messageId: string | undefined): Promise<Step[]> {
  const answer = await fetch(`${relayUrl}/console/messages/${messageId}`);
  const { journey } = (await answer.json()) as { journey: Step[] };
  return journey.filter(({ step }) => step !== 'received' && step !== 'marked');
}

async function receiveOne(receiver: ServiceBusReceiver) {
  const [message] = await receiver.receiveMessages(1, { maxWaitTimeInMs: DEADLINE_MS });
  if (!message) throw new Error('No message came out of Service Bus');
  return { message, at: epochMs() };
}

/** Everything that the order has left in the database, once its event is marked. */
async function readRows(databaseUrl: string) {
  const db = new pg.Pool({ connectionString: databaseUrl, max: 1 });
  try {
    while ((await db.query('SELECT FROM outbox WHERE processed_at IS NULL')).rowCount !== 0) await sleep(10);
    const all = async (table: string) => (await db.query(`SELECT * FROM ${table}`)).rows;
    return {
      orders: await all('orders'),
      order_items: await all('order_items'),
      outbox: await all('outbox'),
    };
  } finally {
    await db.end();
  }
}

function showEvent(message: ServiceBusReceivedMessage): void {
  const { messageId, subject, contentType, correlationId, applicationProperties, body } = message;
  show('What a Service Bus receiver got from topic "orders"', {
    messageId,
    subject,
    contentType,
    correlationId,
    applicationProperties,
    body,
  });
}

function show(title: string, value: unknown): void {
  if (!flags.verbose) return;
  console.log(`\n${title}`);
  console.dir(value, { depth: null });
}
