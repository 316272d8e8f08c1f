import { freePort } from './free-port.ts';
import { type ManagedProcess, startService } from './managed-process.ts';
import type { Example } from './npm-script.ts';
import { createDatabase, migrate, type Stack } from './stack.ts';

/** Where each receives, and where its migrations are. */
const EXAMPLES: Readonly<Record<Example, { folder: string; subscriptions: string }>> = {
  inventory: { folder: 'examples/inventory-service', subscriptions: 'orders/inventory,payments/inventory' },
  payments: { folder: 'examples/payments', subscriptions: 'inventory/payments' },
};

/** A service beside the order service: its own database, which this relay serves too, and its own process. */
export interface ExampleService {
  readonly databaseUrl: string;
  /** Of its api, if it has one. */
  readonly apiUrl: string;
  readonly inboxUrl: string;
  readonly relayUrl: string;
  /** Starts a process that answers at its URL; does not wait until it is ready. The stack stops it. */
  start(env?: Record<string, string>): ManagedProcess;
  startRelay(env?: Record<string, string>): ManagedProcess;
}

export type Saga = Readonly<Record<Example, ExampleService>>;

/** The other two services of the saga, beside a stack: databases that are migrated, and processes to start. */
export async function openSaga(stack: Stack): Promise<Saga> {
  return { inventory: await openExample(stack, 'inventory'), payments: await openExample(stack, 'payments') };
}

async function openExample(stack: Stack, name: Example): Promise<ExampleService> {
  const { folder, subscriptions } = EXAMPLES[name];
  await createDatabase(stack.postgres.url('postgres'), name);
  const databaseUrl = stack.postgres.url(name);
  migrate(databaseUrl, `${folder}/drizzle`);
  const [apiPort, inboxPort, relayPort] = [await freePort(), await freePort(), await freePort()];
  const start = (script: Example | 'relay', env: Record<string, string>) => {
    const started = startService(script, env);
    stack.onClose(() => started.stop());
    return started;
  };
  const { relay, inbox } = stack.environment;
  return {
    databaseUrl,
    apiUrl: `http://127.0.0.1:${apiPort}`,
    inboxUrl: `http://127.0.0.1:${inboxPort}`,
    relayUrl: `http://127.0.0.1:${relayPort}`,
    start: (env) =>
      start(name, {
        ...inbox,
        DATABASE_URL: databaseUrl,
        INBOX_SUBSCRIPTIONS: subscriptions,
        INBOX_PORT: String(inboxPort),
        PORT: String(apiPort),
        ...env,
      }),
    startRelay: (env) =>
      start('relay', {
        ...relay,
        DATABASE_URL: databaseUrl,
        SERVICEBUS_ENTITY: name,
        // A slot belongs to the whole server, a publication to its database.
        RELAY_SLOT: `${name}_outbox`,
        RELAY_PUBLICATION: 'outbox',
        RELAY_PORT: String(relayPort),
        ...env,
      }),
  };
}

/** Starts all processes of the three services, with the relay of the orders if there is none yet; resolves when they are ready. */
export async function startSaga(
  stack: Stack,
  { inventory, payments }: Saga,
  relay = stack.startRelay(),
): Promise<void> {
  const started: [ManagedProcess, string][] = [
    [stack.startApi(), stack.apiUrl],
    [relay, stack.relayUrl],
    [stack.startInbox(), stack.inboxUrl],
    ...[inventory, payments].flatMap((service): [ManagedProcess, string][] => [
      [service.start(), service.inboxUrl],
      [service.startRelay(), service.relayUrl],
    ]),
  ];
  await Promise.all(started.map(([process, url]) => process.ready(`${url}/health/ready`)));
}
