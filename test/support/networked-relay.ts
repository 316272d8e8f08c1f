import type { TestContext } from 'node:test';
import { freePort } from '../../dev/free-port.ts';
import { type ManagedProcess, startProcess } from '../../dev/managed-process.ts';
import type { LocalServiceBus } from '../../dev/service-bus/service-bus.ts';
import { cleanup } from './cleanup.ts';
import { slotOf } from './relay.ts';
import { type Link, openTcpProxy } from './tcp-proxy.ts';
import { until } from './until.ts';

export interface NetworkedRelay {
  readonly process: ManagedProcess;
  /** How many pieces with events in them it has put on its way to the broker. */
  readonly sent: () => number;
  /** `GET /status`, as far as tests look at it; undefined when it does not answer. */
  readonly status: () => Promise<RelayStatus | undefined>;
  /** Waits until it is in this state, and for so long already. */
  readonly untilState: (state: 'streaming' | 'standby', forMs?: number) => Promise<void>;
  /** Makes its connections to PostgreSQL half open: the one that streams, or all of them. New ones too, until `healPostgres`. */
  readonly silencePostgres: (which: 'stream' | 'all') => void;
  /** Lets new connections pass; the half-open ones stay so. */
  readonly healPostgres: () => void;
  /** Makes its connections to the broker half open. Later ones are well. */
  readonly silenceBroker: () => void;
}

export interface RelayStatus {
  readonly state: string;
  readonly since: string;
  readonly ready: boolean;
  readonly epoch: number | null;
  readonly unsettledInMemory: number;
}

/** A relay as a process with a network of its own, to PostgreSQL and to the broker. Does not wait until it is ready. */
export async function startNetworkedRelay(
  t: TestContext,
  { url, bus }: { url: string; bus: Pick<LocalServiceBus, 'port' | 'connectionString'> },
): Promise<NetworkedRelay> {
  const toPostgres = await openTcpProxy(t, Number(new URL(url).port));
  const links = new Set<Link>();
  const streams = new Set<Link>();
  let silenced: ReadonlySet<Link> | undefined;
  toPostgres.onClientData = (data, link) => {
    links.add(link);
    // The word is in the first packet of a connection that replicates.
    if (data.includes('replication\0database')) streams.add(link);
    if (silenced?.has(link)) link.silence();
  };
  const toBroker = await openTcpProxy(t, bus.port);
  let sent = 0;
  toBroker.onClientData = (data) => {
    if (data.includes('messageType')) sent++;
  };

  const port = await freePort();
  const relay = startProcess('relay', 'relay/main.ts', {
    DATABASE_URL: Object.assign(new URL(url), { port: toPostgres.port }).href,
    RELAY_SLOT: slotOf(url),
    RELAY_HOST: '127.0.0.1',
    RELAY_PORT: String(port),
    SERVICEBUS_CONNECTION_STRING: bus.connectionString.replace(String(bus.port), String(toBroker.port)),
  });
  cleanup(t, () => relay.stop('SIGKILL'));

  const status = async () => {
    try {
      const response = await fetch(`http://127.0.0.1:${port}/status`, {
        signal: AbortSignal.timeout(10_000),
      });
      return (await response.json()) as RelayStatus;
    } catch {
      return undefined;
    }
  };
  return {
    process: relay,
    sent: () => sent,
    status,
    untilState: async (state, forMs = 0) => {
      const isIt = async () => {
        const now = await status();
        return now?.state === state && Date.now() - Date.parse(now.since) >= forMs;
      };
      await until(`the relay is ${state}`, isIt);
    },
    silencePostgres: (which) => {
      silenced = which === 'all' ? links : streams;
      for (const link of silenced) link.silence();
    },
    healPostgres: () => {
      silenced = undefined;
    },
    silenceBroker: () => toBroker.silence(),
  };
}
