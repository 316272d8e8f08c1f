import { type TestContext, test } from 'node:test';
import type pg from 'pg';
import { freePort } from '../../dev/free-port.ts';
import { type ManagedProcess, startProcess } from '../../dev/managed-process.ts';
import type { LocalServiceBus } from '../../dev/service-bus/service-bus.ts';
import { startLoad } from '../faults/support/load.ts';
import { cleanup } from '../support/cleanup.ts';
import { createCluster } from '../support/cluster.ts';
import { createDatabase } from '../support/database.ts';
import { type NetworkedRelay, startNetworkedRelay } from '../support/networked-relay.ts';
import { createBus, insertEvent, slotOf } from '../support/relay.ts';
import { until } from '../support/until.ts';

// How long each fault keeps events from the broker: so many times, from the fault on, and where what was struck has to come
// back first, from that moment on, until an event that was committed after it is accepted.

const ROUNDS = 20;
/** A stream that is younger counts as one more failure in a row, before which the relay waits longer. */
const STEADY_MS = 1_500;

interface Scenario {
  readonly pool: pg.Pool;
  readonly arrived: (messageId: string) => boolean | Promise<boolean>;
  /** Waits until all is well. */
  readonly prepare: () => Promise<unknown>;
  /** Returns when what was struck was back, if it had to come back before an event could be sent. */
  readonly strike: () => Promise<number | undefined>;
}

const scenarios: Record<string, (t: TestContext) => Promise<Scenario>> = {
  async 'relay killed, started again at once'(t) {
    const { url, pool, bus } = await stage(t);
    let relay = await startNetworkedRelay(t, { url, bus });
    return {
      pool,
      arrived: inJournalOf(bus),
      prepare: () => relay.untilState('streaming', STEADY_MS),
      strike: async () => {
        await relay.process.stop('SIGKILL');
        relay = await startNetworkedRelay(t, { url, bus });
        return undefined;
      },
    };
  },

  async 'PostgreSQL killed, started again at once'(t) {
    const { postgres, url, pool } = await createCluster(t);
    const bus = await createBus(t);
    const relay = await startNetworkedRelay(t, { url, bus });
    return {
      pool,
      arrived: inJournalOf(bus),
      prepare: () => relay.untilState('streaming', STEADY_MS),
      strike: async () => {
        await postgres.stop('kill');
        await postgres.start();
        return performance.now();
      },
    };
  },

  async 'broker killed with a send in flight, started again at once'(t) {
    const { url, pool } = await createDatabase(t);
    const ports = [await freePort(), await freePort()] as const;
    let broker = await startBroker(t, ports);
    const relay = await startNetworkedRelay(t, { url, bus: brokerAt(ports) });
    const control = `http://localhost:${ports[1]}`;
    return {
      pool,
      arrived: async (id) => (await (await fetch(`${control}/journal`)).text()).includes(id),
      prepare: async () => {
        await relay.untilState('streaming', STEADY_MS);
        const hang = JSON.stringify({ kind: 'hang' });
        await fetch(`${control}/faults`, { method: 'POST', body: hang });
        await insertEvent(pool, 'Held');
        await until('the broker holds it', async () => {
          const [fault] = (await (await fetch(`${control}/faults`)).json()) as { hits: number }[];
          return fault && fault.hits > 0;
        });
      },
      strike: async () => {
        await broker.stop('SIGKILL');
        broker = await startBroker(t, ports);
        return performance.now();
      },
    };
  },

  async 'half-open link to PostgreSQL'(t) {
    const { url, pool, bus } = await stage(t);
    const relay = await startNetworkedRelay(t, { url, bus });
    return {
      pool,
      arrived: inJournalOf(bus),
      prepare: () => relay.untilState('streaming', STEADY_MS),
      strike: async () => {
        relay.silencePostgres('all');
        relay.healPostgres();
        return undefined;
      },
    };
  },

  async 'half-open link to the broker'(t) {
    const { url, pool, bus } = await stage(t);
    const relay = await startNetworkedRelay(t, { url, bus });
    return {
      pool,
      arrived: inJournalOf(bus),
      prepare: () => relay.untilState('streaming', STEADY_MS),
      strike: async () => {
        relay.silenceBroker();
        return undefined;
      },
    };
  },

  async 'slot dropped under load'(t) {
    const { url, pool, bus } = await stage(t);
    const relay = await startNetworkedRelay(t, { url, bus });
    startLoad(t, url, { writers: 2, everyMs: 2 });
    return {
      pool,
      arrived: inJournalOf(bus),
      prepare: () => relay.untilState('streaming', STEADY_MS),
      strike: async () => {
        await until('the slot is dropped', () => dropSlot(pool, slotOf(url)));
        return undefined;
      },
    };
  },

  async 'active relay killed, another one stands by'(t) {
    const { url, pool, bus } = await stage(t);
    let active = await startNetworkedRelay(t, { url, bus });
    let standby: NetworkedRelay;
    return {
      pool,
      arrived: inJournalOf(bus),
      prepare: async () => {
        await active.untilState('streaming');
        standby = await startNetworkedRelay(t, { url, bus });
        await standby.untilState('standby');
      },
      strike: async () => {
        await active.process.stop('SIGKILL');
        active = standby;
        return undefined;
      },
    };
  },

  async 'active relay frozen, another one stands by'(t) {
    const { url, pool, bus } = await stage(t);
    const relays = [await startNetworkedRelay(t, { url, bus }), await startNetworkedRelay(t, { url, bus })];
    const find = async (state: string) => {
      for (const relay of relays) if ((await relay.status())?.state === state) return relay;
      return undefined;
    };
    let active: NetworkedRelay | undefined;
    return {
      pool,
      arrived: inJournalOf(bus),
      prepare: async () => {
        if (active) process.kill(active.process.pid, 'SIGCONT');
        await until('one stands by', () => find('standby'), 60_000);
        active = await until('the other one streams', () => find('streaming'), 60_000);
      },
      strike: async () => {
        process.kill(active?.process.pid ?? 0, 'SIGSTOP');
        return undefined;
      },
    };
  },
};

test(`recovery, ${ROUNDS} times each`, async (t) => {
  const figures: ({ fault: string } & Figures)[] = [];
  for (const [fault, open] of Object.entries(scenarios)) {
    await t.test(fault, async (scenarioTest) => {
      figures.push({ fault, ...(await measure(await open(scenarioTest))) });
    });
  }
  t.diagnostic('| fault | p50 from the fault | max | p50 from being back | max |');
  for (const { fault, fromFault, fromBack } of figures) {
    t.diagnostic(`| ${fault} | ${row(fromFault)} | ${row(fromBack)} |`);
  }
  t.diagnostic(JSON.stringify({ figure: 'recovery ms', rounds: ROUNDS, figures }));
});

interface Figure {
  readonly p50: number;
  readonly max: number;
}

interface Figures {
  readonly fromFault: Figure;
  readonly fromBack: Figure | undefined;
}

async function measure({ pool, arrived, prepare, strike }: Scenario): Promise<Figures> {
  const fromFault: number[] = [];
  const fromBack: number[] = [];
  for (let round = 1; round <= ROUNDS; round++) {
    await prepare();
    const struckAt = performance.now();
    const backAt = await strike();
    const id = await until('an event is committed', () => insertEvent(pool, 'After').catch(() => undefined));
    await until('it has arrived', () => arrived(id), 60_000);
    const now = performance.now();
    fromFault.push(now - struckAt);
    if (backAt !== undefined) fromBack.push(now - backAt);
  }
  return { fromFault: summary(fromFault), fromBack: fromBack.length > 0 ? summary(fromBack) : undefined };
}

function summary(values: readonly number[]): Figure {
  const sorted = values.toSorted((a, b) => a - b).map(Math.round);
  return { p50: sorted[Math.floor(sorted.length / 2)] ?? 0, max: sorted.at(-1) ?? 0 };
}

function row(figure: Figure | undefined): string {
  return figure ? `${figure.p50} | ${figure.max}` : '| ';
}

async function stage(t: TestContext) {
  const { url, pool } = await createDatabase(t);
  return { url, pool, bus: await createBus(t) };
}

function inJournalOf(bus: LocalServiceBus): (messageId: string) => boolean {
  let from = 1;
  return (id) => {
    const entries = bus.journal.entries(from);
    const found = [...entries].some(({ messageId }) => messageId === id);
    if (found) from = bus.journal.total + 1;
    return found;
  };
}

async function startBroker(
  t: TestContext,
  [port, healthPort]: readonly [number, number],
): Promise<ManagedProcess> {
  const options = ['--port', String(port), '--health-port', String(healthPort)];
  const broker = startProcess('broker', 'dev/service-bus/main.ts', {}, options);
  cleanup(t, () => broker.stop('SIGKILL'));
  await broker.ready(`http://localhost:${healthPort}/health`);
  return broker;
}

function brokerAt([port]: readonly [number, number]): Pick<LocalServiceBus, 'port' | 'connectionString'> {
  const login = 'SharedAccessKeyName=RootManageSharedAccessKey;SharedAccessKey=SAS_KEY_VALUE';
  return { port, connectionString: `Endpoint=sb://localhost:${port};${login};UseDevelopmentEmulator=true;` };
}

async function dropSlot(pool: pg.Pool, slot: string): Promise<boolean> {
  await pool.query(
    'SELECT pg_terminate_backend(active_pid, 1000) FROM pg_replication_slots WHERE slot_name = $1 AND active',
    [slot],
  );
  return pool.query('SELECT pg_drop_replication_slot($1)', [slot]).then(
    () => true,
    () => false, // the relay was faster
  );
}
