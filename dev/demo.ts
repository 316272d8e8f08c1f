import { setTimeout as sleep } from 'node:timers/promises';
import { ServiceBusClient, type ServiceBusReceiver } from '@azure/service-bus';
import pg from 'pg';
import { addresses } from './addresses.ts';
import { commandLine } from './command-line.ts';
import { openStack, type Stack } from './stack.ts';
import { stopRequest } from './stop-request.ts';
import { tutorialOrder } from './tutorial-order.ts';
import { USUAL_PORTS } from './usual-ports.ts';

const USAGE = `An order through the whole system on this machine: npm run demo [-- OPTION ...]
It shows the order, the rows and the event that comes out of Service Bus.

  --keep  leave everything running until Ctrl-C, and print the addresses
  --auth  ask for a token, of an issuer on this machine
`;
const DEADLINE_MS = 120_000;

const { values: flags } = commandLine(USAGE, {
  options: { keep: { type: 'boolean', default: false }, auth: { type: 'boolean', default: false } },
});
const interrupted = stopRequest();
let stack: Stack | undefined;
try {
  const tooLate = sleep(DEADLINE_MS).then(() => `The demo is not through after ${DEADLINE_MS / 1000} s`);
  const ended = await Promise.race([run(), interrupted, tooLate]);
  if (typeof ended === 'string') throw new Error(ended);
  if (flags.keep && stack) {
    console.log(addresses(stack));
    await interrupted;
  }
} catch (error) {
  console.error(`\nThe demo failed: ${(error as Error).message}`);
  process.exitCode = 1;
} finally {
  say('Stopping everything');
  await stack?.close();
}
// A demo that was interrupted may still be waiting for something.
process.exit();

async function run(): Promise<void> {
  stack = await openStack({
    say,
    // Tells when a transaction committed, for the time from commit to arrival.
    postgres: { settings: { track_commit_timestamp: 'on' } },
    preferredPorts: USUAL_PORTS,
    auth: flags.auth,
  });
  say('Starting the api and the relay, two processes');
  const api = stack.startApi();
  const relay = stack.startRelay();
  await Promise.all([
    api.ready(`${stack.apiUrl}/health/ready`),
    relay.ready(`${stack.relayUrl}/health/ready`),
  ]);

  const client = new ServiceBusClient(stack.bus.connectionString);
  const receiver = client.createReceiver('orders', 'all', { receiveMode: 'receiveAndDelete' });
  try {
    // Connects now, so that the time below is the message's and not the connection's.
    await receiver.receiveMessages(1, { maxWaitTimeInMs: 1 });
    const arrival = receiveOne(receiver);
    const token = await stack.issuer?.sign({
      scope: 'orders:write',
      customer_id: tutorialOrder.customerId,
    });
    say(`POST ${stack.apiUrl}/api/orders`);
    const answer = await fetch(`${stack.apiUrl}/api/orders`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'x-correlation-id': 'req-123',
        ...(token && { authorization: `Bearer ${token}` }),
      },
      body: JSON.stringify(tutorialOrder),
    });
    const body = await answer.json();
    show(`${answer.status} ${answer.statusText}, Location: ${answer.headers.get('location')}`, body);
    if (answer.status !== 201) throw new Error('The order was not created');

    const { message, at } = await arrival;
    const { messageId, subject, contentType, correlationId, applicationProperties } = message;
    await showRows(stack.databaseUrl, at);
    show('What a Service Bus receiver got from topic "orders"', {
      messageId,
      subject,
      contentType,
      correlationId,
      applicationProperties,
      body: message.body,
    });
  } finally {
    await client.close();
  }
}

async function receiveOne(receiver: ServiceBusReceiver) {
  const [message] = await receiver.receiveMessages(1, { maxWaitTimeInMs: DEADLINE_MS });
  if (!message) throw new Error('No message came out of Service Bus');
  return { message, at: performance.timeOrigin + performance.now() };
}

async function showRows(databaseUrl: string, arrivedAt: number): Promise<void> {
  const db = new pg.Pool({ connectionString: databaseUrl, max: 1 });
  try {
    while ((await db.query('SELECT FROM outbox WHERE processed_at IS NULL')).rowCount !== 0) await sleep(10);
    const committed = await db.query<{ ms: string }>(
      'SELECT extract(epoch FROM pg_xact_commit_timestamp(xmin)) * 1000 AS ms FROM orders',
    );
    for (const table of ['orders', 'order_items', 'outbox']) {
      show(`Table ${table}`, (await db.query(`SELECT * FROM ${table}`)).rows);
    }
    say(`From COMMIT to the receiver: ${(arrivedAt - Number(committed.rows[0]?.ms)).toFixed(1)} ms`);
  } finally {
    await db.end();
  }
}

function say(line: string): void {
  console.log(`\n> ${line}`);
}

function show(title: string, value: unknown): void {
  console.log(`\n${title}`);
  console.dir(value, { depth: null });
}
