import { join } from 'node:path';
import pg from 'pg';
import { freePort } from '../../../../dev/free-port.ts';
import { type Example, npmScript, type Service as Script } from '../../../../dev/npm-script.ts';
import { type LocalPostgres, openPostgres } from '../../../../dev/postgres.ts';
import { createDatabase } from '../../../../dev/stack.ts';
import { migrateDatabase } from '../../../../src/db/migrate/migrate-database.ts';
import { ChaosBroker } from '../broker.ts';
import { FaultProxy } from '../fault-proxy.ts';
import type { History } from '../history.ts';
import { Member } from '../member.ts';
import { type ApiNode, connectionStringOf, type RelayNode, ready, through } from '../rig.ts';
import { patchEnvironment } from '../source-patch-environment.ts';
import { CONSUMERS, SERVICES, type Service } from './evidence.ts';
import { SagaBus } from './saga-bus.ts';

/** Between the processes and PostgreSQL, the broker and the clients. */
export const NETWORKS = 18;

export interface SagaRigOptions {
  readonly folder: string;
  readonly sessions: boolean;
  readonly history: History;
  /** A planted fault that every inbox runs with. */
  readonly plant: string | undefined;
}

/** A process that receives. */
export type InboxNode = RelayNode;

/**
 * The order service with two inboxes, the inventory with two processes, the payments with one, and a relay for each of them; one
 * PostgreSQL with three databases and one broker; and a network between any two.
 */
export interface SagaRig {
  readonly postgres: LocalPostgres;
  /** The rig's own connections, which go straight to PostgreSQL. */
  readonly db: Readonly<Record<Service, pg.Pool>>;
  readonly broker: ChaosBroker;
  readonly bus: SagaBus;
  readonly sessions: boolean;
  readonly api: ApiNode;
  readonly inboxes: readonly InboxNode[];
  readonly relays: readonly RelayNode[];
  readonly proxies: readonly FaultProxy[];
  /** Good weather, a broker without faults, every process started. PostgreSQL is whoever's who stopped it. */
  heal(): Promise<void>;
  close(): Promise<void>;
}

/** Scarce is what is not here: its few pieces are what the migrations of the inventory put there. */
export const PLENTIFUL = Array.from({ length: 200 }, (_, n) => `prod-${n}`);
const PLENTY = 1_000_000;

const MIGRATIONS: Readonly<Record<Service, string | undefined>> = {
  orders: undefined,
  inventory: 'examples/inventory-service/drizzle',
  payments: 'examples/payments/drizzle',
};
const SETTINGS = {
  fsync: 'off',
  max_connections: '300',
  checkpoint_timeout: '30s',
  // The oracle asks when a row was committed.
  track_commit_timestamp: 'on',
};

/** Starts all of it and waits until it is ready. */
export async function openSagaRig(options: SagaRigOptions): Promise<SagaRig> {
  const { folder, sessions, history, plant } = options;
  const postgres = await openPostgres({ settings: SETTINGS });
  for (const service of SERVICES) {
    await createDatabase(postgres.url('postgres'), service);
    await migrateDatabase(postgres.url(service), () => undefined, MIGRATIONS[service]);
  }
  const db = { orders: openDb('orders'), inventory: openDb('inventory'), payments: openDb('payments') };
  await db.inventory.query(
    'INSERT INTO inventory (product_id, quantity_available) SELECT unnest($1::text[]), $2',
    [PLENTIFUL, PLENTY],
  );
  const broker = await ChaosBroker.open(folder, topics(sessions), history);
  await broker.start();
  const bus = new SagaBus(connectionStringOf(broker.port));

  const proxies: FaultProxy[] = [];
  const proxy = async (name: string, port: number) => {
    const opened = await FaultProxy.open(name, port);
    proxies.push(opened);
    return opened;
  };
  const startNode = async (
    script: Script | Example,
    name: string,
    service: Service,
    env: (port: number) => Record<string, string>,
  ) => {
    const port = await freePort();
    const toPostgres = await proxy(`${name} -> postgres`, postgres.port);
    const { args, env: own } = npmScript(script);
    const DATABASE_URL = through(postgres.url(service), toPostgres);
    const member = new Member({
      name,
      args,
      env: { ...own, DATABASE_URL, SERVICE_NAME: name, LOG_LEVEL: 'warn', ...env(port) },
      logFile: join(folder, `${name}.log`),
      history,
    });
    member.start();
    return { member, url: `http://127.0.0.1:${port}`, toPostgres, port };
  };
  const startInbox = async (
    script: 'inbox' | Example,
    name: string,
    service: Service,
  ): Promise<InboxNode> => {
    const toBroker = await proxy(`${name} -> broker`, broker.port);
    const apiPort = await freePort();
    const consumers = CONSUMERS.filter((each) => each.service === service);
    const node = await startNode(script, name, service, (port) => ({
      PORT: String(apiPort),
      INBOX_HOST: '127.0.0.1',
      INBOX_PORT: String(port),
      INBOX_SESSIONS: String(sessions),
      INBOX_SUBSCRIPTIONS: consumers.map((each) => each.name).join(),
      SERVICEBUS_CONNECTION_STRING: connectionStringOf(toBroker.port),
      ...patchEnvironment({ plant }),
    }));
    return { ...node, toBroker };
  };
  const startRelay = async (service: Service): Promise<RelayNode> => {
    const name = `${service}-relay`;
    const toBroker = await proxy(`${name} -> broker`, broker.port);
    const node = await startNode('relay', name, service, (port) => ({
      RELAY_HOST: '127.0.0.1',
      RELAY_PORT: String(port),
      // A slot belongs to the whole server, a publication to its database.
      RELAY_SLOT: `${service}_outbox`,
      RELAY_PUBLICATION: service === 'orders' ? 'order_outbox' : 'outbox',
      SERVICEBUS_ENTITY: service,
      SERVICEBUS_SESSIONS: String(sessions),
      SERVICEBUS_CONNECTION_STRING: connectionStringOf(toBroker.port),
    }));
    return { ...node, toBroker };
  };

  const node = await startNode('api', 'api', 'orders', (port) => ({ HOST: '127.0.0.1', PORT: String(port) }));
  const api = { ...node, fromClients: await proxy('clients -> api', node.port) };
  const relays = [await startRelay('orders'), await startRelay('inventory'), await startRelay('payments')];
  const inboxes = [
    await startInbox('inbox', 'inbox-0', 'orders'),
    await startInbox('inbox', 'inbox-1', 'orders'),
    await startInbox('inventory', 'inventory-0', 'inventory'),
    await startInbox('inventory', 'inventory-1', 'inventory'),
    await startInbox('payments', 'payments', 'payments'),
  ];
  const members = [api, ...relays, ...inboxes].map(({ member }) => member);

  function openDb(service: Service): pg.Pool {
    const pool = new pg.Pool({
      connectionString: postgres.url(service),
      max: 4,
      connectionTimeoutMillis: 5_000,
      statement_timeout: 30_000,
      application_name: 'chaos-rig',
    });
    pool.on('error', () => undefined); // PostgreSQL is killed on purpose
    return pool;
  }

  const rig: SagaRig = {
    postgres,
    db,
    broker,
    bus,
    sessions,
    api,
    inboxes,
    relays,
    proxies,
    async heal() {
      for (const each of proxies) each.heal();
      await broker.heal();
      for (const member of members) {
        member.start();
        member.signal('SIGCONT');
      }
    },
    async close() {
      await Promise.all(Object.values(db).map((pool) => pool.end()));
      await bus.close();
      await Promise.all([...members, broker.member].map((member) => member.stop('SIGKILL')));
      for (const each of proxies) each.close();
      await postgres.close();
    },
  };
  try {
    await ready([api, ...relays, ...inboxes]);
  } catch (error) {
    await rig.close();
    throw error;
  }
  return rig;
}

/** Whatever is sent twice is stored twice; locks are as short as they can be. */
function topics(sessions: boolean): object[] {
  return [...new Set(CONSUMERS.map(({ topic }) => topic))].map((topic) => ({
    Name: topic,
    Properties: { DefaultMessageTimeToLive: 'PT1H', RequiresDuplicateDetection: false },
    Subscriptions: CONSUMERS.filter((each) => each.topic === topic).map(({ subscription }) => ({
      Name: subscription,
      Properties: {
        DefaultMessageTimeToLive: 'PT1H',
        LockDuration: 'PT5S',
        MaxDeliveryCount: 10,
        RequiresSession: sessions,
      },
    })),
  }));
}
