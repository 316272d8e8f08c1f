import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import pg from 'pg';
import { freePort } from '../../../dev/free-port.ts';
import { npmScript } from '../../../dev/npm-script.ts';
import { type LocalPostgres, openPostgres } from '../../../dev/postgres.ts';
import { migratedDatabase } from '../../support/migrated-database.ts';
import { until } from '../../support/until.ts';
import { ChaosBroker, journalOnly } from './broker.ts';
import { createRoles } from './create-roles.ts';
import { FaultProxy } from './fault-proxy.ts';
import type { History } from './history.ts';
import { Member } from './member.ts';
import { urlFor } from './roles.ts';
import { patchEnvironment } from './source-patch-environment.ts';

export const SLOT = 'order_outbox';
const DATABASE = 'orders';

export interface RigOptions {
  readonly folder: string;
  readonly sessions: boolean;
  readonly history: History;
  /** A planted fault that every relay runs with. */
  readonly plant: string | undefined;
}

/** A process of the system and the networks around it. */
export interface Node {
  readonly member: Member;
  readonly url: string;
  readonly toPostgres: FaultProxy;
}
export interface ApiNode extends Node {
  readonly fromClients: FaultProxy;
}
export interface RelayNode extends Node {
  readonly toBroker: FaultProxy;
}

/** Two apis, two relays, PostgreSQL and the broker, each a process, with a network of its own between any two. */
export interface Rig {
  readonly postgres: LocalPostgres;
  readonly databaseUrl: string;
  /** The rig's own connections, which go straight to PostgreSQL. */
  readonly db: pg.Pool;
  readonly broker: ChaosBroker;
  readonly apis: readonly ApiNode[];
  readonly relays: readonly RelayNode[];
  readonly proxies: readonly FaultProxy[];
  /** Good weather, a broker without faults, every process started. PostgreSQL is whoever's who stopped it. */
  heal(): Promise<void>;
  close(): Promise<void>;
}

/** Starts all of it and waits until it is ready. */
export async function openRig(options: RigOptions): Promise<Rig> {
  const { folder, sessions, history, plant } = options;
  const postgres = await openPostgres({
    settings: {
      fsync: 'off',
      max_connections: '300',
      checkpoint_timeout: '30s',
      // As often as rows come and go.
      autovacuum_naptime: '5s',
    },
  });
  const databaseUrl = await migratedDatabase(postgres, DATABASE);
  const db = new pg.Pool({
    connectionString: databaseUrl,
    max: 4,
    connectionTimeoutMillis: 5_000,
    statement_timeout: 30_000,
    application_name: 'chaos-rig',
  });
  db.on('error', () => undefined); // PostgreSQL is killed on purpose
  await createRoles(db);
  const broker = await ChaosBroker.open(folder, [journalOnly(sessions)], history);
  await broker.start();

  const proxies: FaultProxy[] = [];
  const proxy = async (name: string, port: number) => {
    const opened = await FaultProxy.open(name, port);
    proxies.push(opened);
    return opened;
  };
  const startNode = async (
    kind: 'api' | 'relay',
    name: string,
    env: (port: number) => Record<string, string>,
  ) => {
    const port = await freePort();
    const toPostgres = await proxy(`${name} -> postgres`, postgres.port);
    const script = npmScript(kind);
    const member = new Member({
      name,
      args: script.args,
      env: {
        ...script.env,
        DATABASE_URL: through(urlFor(`order_${kind}`, databaseUrl), toPostgres),
        SERVICE_NAME: name,
        ...env(port),
      },
      logFile: join(folder, `${name}.log`),
      history,
    });
    member.start();
    return { member, url: `http://127.0.0.1:${port}`, toPostgres, port };
  };

  const apis: ApiNode[] = [];
  const relays: RelayNode[] = [];
  for (const n of [0, 1]) {
    const api = await startNode('api', `api-${n}`, (port) => ({
      HOST: '127.0.0.1',
      PORT: String(port),
      LOG_LEVEL: 'warn',
    }));
    apis.push({ ...api, fromClients: await proxy(`clients -> api-${n}`, api.port) });
    const toBroker = await proxy(`relay-${n} -> broker`, broker.port);
    const relay = await startNode('relay', `relay-${n}`, (port) => ({
      RELAY_HOST: '127.0.0.1',
      RELAY_PORT: String(port),
      RELAY_SLOT: SLOT,
      SERVICEBUS_CONNECTION_STRING: connectionStringOf(toBroker.port),
      SERVICEBUS_ENTITY: 'orders',
      SERVICEBUS_SESSIONS: String(sessions),
      OUTBOX_RETENTION: '1m',
      ...patchEnvironment({ plant, shortRetention: true }),
    }));
    relays.push({ ...relay, toBroker });
  }
  const members = [...apis, ...relays].map(({ member }) => member);

  const rig: Rig = {
    postgres,
    databaseUrl,
    db,
    broker,
    apis,
    relays,
    proxies,
    async heal() {
      for (const each of proxies) each.heal();
      await broker.start();
      await broker.heal();
      for (const member of members) {
        member.start();
        member.signal('SIGCONT');
      }
    },
    async close() {
      await db.end();
      await Promise.all([...members, broker.member].map((member) => member.stop('SIGKILL')));
      for (const each of proxies) each.close();
      await postgres.close();
    },
  };
  try {
    await ready([...apis, ...relays]);
  } catch (error) {
    await rig.close();
    throw error;
  }
  return rig;
}

/** Waits until they are; throws of the first that is not for so long. */
export async function ready(nodes: readonly Pick<Node, 'url' | 'member'>[]): Promise<void> {
  for (const { url, member } of nodes) {
    await until(`${member.name} is ready`, async () => (await healthOf(url, 5_000))?.ok, 90_000);
  }
}

/** What a process says of its readiness; undefined when it does not answer. */
export async function healthOf(
  url: string,
  withinMs = 1_000,
): Promise<{ ok: boolean; state: string | undefined } | undefined> {
  try {
    const response = await fetch(`${url}/health/ready`, { signal: AbortSignal.timeout(withinMs) });
    const { state } = (await response.json()) as { state?: string };
    return { ok: response.ok, state };
  } catch {
    return undefined; // that it does not answer is the answer
  }
}

/** Of the local Service Bus, on this port. */
export function connectionStringOf(port: number): string {
  return `Endpoint=sb://localhost:${port};SharedAccessKeyName=RootManageSharedAccessKey;SharedAccessKey=SAS_KEY_VALUE;UseDevelopmentEmulator=true;`;
}

/** Which commit the working tree stands on, and whether it was changed. */
export function commitOf(): string {
  const git = (...args: string[]) => spawnSync('git', args, { encoding: 'utf8' }).stdout.trim();
  return `${git('rev-parse', '--short', 'HEAD')}${git('status', '--porcelain', '--', 'relay', 'src') ? '+changes' : ''}`;
}

/** The same URL, by way of this network. */
export function through(url: string, proxy: FaultProxy): string {
  const changed = new URL(url);
  changed.hostname = 'localhost';
  changed.port = String(proxy.port);
  return changed.href;
}
