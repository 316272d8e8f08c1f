import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { epochMs } from './epoch-ms.ts';
import { freePort } from './free-port.ts';
import { AUDIENCE, type LocalIssuer, openIssuer } from './local-issuer.ts';
import { type ManagedProcess, startService } from './managed-process.ts';
import type { Service } from './npm-script.ts';
import { type LocalPostgres, openPostgres, type PostgresOptions } from './postgres.ts';
import { readEmulatorConfig } from './service-bus/emulator-config.ts';
import type { NamespaceConfig } from './service-bus/namespace-config.ts';
import { type LocalServiceBus, openServiceBus } from './service-bus/service-bus.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
/** The entities, in the form that the official emulator reads too. */
export const ENTITIES = fileURLToPath(new URL('service-bus/Config.json', import.meta.url));
/** Where the events come in that the order service consumes. */
const SUBSCRIPTIONS = 'inventory/order-service,payments/order-service,shipping/order-service';

export interface Stack {
  readonly postgres: LocalPostgres;
  readonly bus: LocalServiceBus;
  /** Whose tokens the api asks for, if it does. */
  readonly issuer: LocalIssuer | undefined;
  readonly databaseUrl: string;
  readonly apiUrl: string;
  readonly relayUrl: string;
  readonly inboxUrl: string;
  /** What the processes are given, so that they find the stack and answer at its URLs. */
  readonly environment: Readonly<Record<Service, Readonly<Record<string, string>>>>;
  /** Starts a process that answers at the stack's URL; does not wait until it is ready. */
  startApi(env?: Record<string, string>): ManagedProcess;
  startRelay(env?: Record<string, string>): ManagedProcess;
  startInbox(env?: Record<string, string>): ManagedProcess;
  /** Registers what belongs to the stack too, and is closed before all that is there already. */
  onClose(close: () => Promise<unknown>): void;
  /** Stops the processes that still run, gracefully, then broker and database. Works twice. */
  close(): Promise<void>;
}

export interface StackOptions {
  postgres?: PostgresOptions;
  /** Makes the tables. Default: the command that an operator runs. */
  migrate?: (databaseUrl: string) => Promise<void> | void;
  /** Whether the api asks for tokens, of an issuer that runs beside it. */
  auth?: boolean;
  /** A Service Bus that several stacks share, and that its opener closes. Default: one of its own. */
  bus?: LocalServiceBus;
  /** Other entities than those of dev/service-bus/Config.json. */
  namespace?: NamespaceConfig;
  /** Taken if they are free, else any others. */
  preferredPorts?: Ports;
  /** Gets a line about each step, before it is taken. */
  say?: (step: string) => void;
}

/** 0 is any that is free. `faults` is the HTTP side of the Service Bus. */
export type Ports = Readonly<Record<Service | 'bus' | 'faults' | 'issuer' | 'postgres', number>>;

const ANY_PORTS: Ports = { api: 0, relay: 0, inbox: 0, bus: 0, faults: 0, issuer: 0, postgres: 0 };

/** The whole system on this machine, without Docker: a migrated PostgreSQL, a Service Bus, and the processes to start. */
export async function openStack(options: StackOptions = {}): Promise<Stack> {
  const closers: (() => Promise<unknown>)[] = [];
  const close = async () => {
    for (let closer = closers.pop(); closer; closer = closers.pop()) await closer();
  };
  try {
    const { preferredPorts: ports = ANY_PORTS, say = () => undefined } = options;
    say('Starting PostgreSQL, with wal_level=logical');
    const postgres = await openPostgres({ ...options.postgres, port: ports.postgres });
    closers.push(() => postgres.close());
    const databaseUrl = postgres.url('orders');
    say('Migrating the database');
    await createDatabase(postgres.url('postgres'));
    const makeTables: NonNullable<StackOptions['migrate']> = options.migrate ?? migrate;
    await makeTables(databaseUrl);

    const bus = options.bus ?? (await openOwnBus(options.namespace, ports, say));
    if (!options.bus) closers.push(() => bus.close());

    const issuer = options.auth ? await openIssuer({ port: await freePort(ports.issuer) }) : undefined;
    if (issuer) closers.push(() => issuer.close());

    const apiPort = await freePort(ports.api);
    const relayPort = await freePort(ports.relay);
    const inboxPort = await freePort(ports.inbox);
    const environment = {
      api: {
        DATABASE_URL: databaseUrl,
        HOST: '127.0.0.1',
        PORT: String(apiPort),
        // An empty value counts as not set, and a .env file does not fill it in.
        API_AUTH: issuer ? '' : 'none',
        OIDC_ISSUER: issuer?.url ?? '',
        OIDC_AUDIENCE: issuer ? AUDIENCE : '',
        OIDC_JWKS_URI: '',
        OIDC_CUSTOMER_CLAIM: '',
      },
      relay: {
        DATABASE_URL: databaseUrl,
        RELAY_HOST: '127.0.0.1',
        RELAY_PORT: String(relayPort),
        SERVICEBUS_CONNECTION_STRING: bus.connectionString,
        SERVICEBUS_ENTITY: 'orders',
        RELAY_DATABASE_URL: '',
        SERVICEBUS_NAMESPACE: '',
      },
      inbox: {
        DATABASE_URL: databaseUrl,
        INBOX_HOST: '127.0.0.1',
        INBOX_PORT: String(inboxPort),
        INBOX_SUBSCRIPTIONS: SUBSCRIPTIONS,
        SERVICEBUS_CONNECTION_STRING: bus.connectionString,
        SERVICEBUS_NAMESPACE: '',
      },
    };
    const start = (name: Service, env: Record<string, string> = {}) => {
      const started = startService(name, { ...environment[name], ...env });
      closers.push(() => started.stop());
      return started;
    };
    return {
      postgres,
      bus,
      issuer,
      databaseUrl,
      apiUrl: `http://127.0.0.1:${apiPort}`,
      relayUrl: `http://127.0.0.1:${relayPort}`,
      inboxUrl: `http://127.0.0.1:${inboxPort}`,
      environment,
      startApi: (env) => start('api', env),
      startRelay: (env) => start('relay', env),
      startInbox: (env) => start('inbox', env),
      onClose: (closer) => void closers.push(closer),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function openOwnBus(
  namespace: NamespaceConfig | undefined,
  ports: Ports,
  say: (step: string) => void,
): Promise<LocalServiceBus> {
  say('Starting a local Service Bus');
  return openServiceBus({
    port: await freePort(ports.bus),
    healthPort: await freePort(ports.faults),
    namespace: namespace ?? readEmulatorConfig(ENTITIES),
    journal: { now: epochMs },
  });
}

/** Creates the database, unless it is there. */
export async function createDatabase(serverUrl: string, name = 'orders'): Promise<void> {
  const client = new pg.Client({ connectionString: serverUrl });
  await client.connect();
  const { rowCount } = await client.query('SELECT FROM pg_database WHERE datname = $1', [name]);
  if (rowCount === 0) await client.query(`CREATE DATABASE ${pg.escapeIdentifier(name)}`);
  await client.end();
}

/** The same command that an operator and CI run; `folder`: the migrations of another service. */
export function migrate(databaseUrl: string, folder?: string): void {
  const passed = folder === undefined ? [] : ['--', folder];
  const { status, stdout, stderr } = spawnSync('npm', ['run', '--silent', 'db:migrate', ...passed], {
    cwd: ROOT,
    env: { ...process.env, DATABASE_URL: databaseUrl },
    encoding: 'utf8',
    shell: process.platform === 'win32',
  });
  if (status !== 0) throw new Error(`db:migrate failed:\n${stdout}\n${stderr}`);
}
