import { freePort } from '../../dev/free-port.ts';
import { type ManagedProcess, startProcess } from '../../dev/managed-process.ts';
import { npmScript } from '../../dev/npm-script.ts';
import { until } from './until.ts';

export interface RelayTarget {
  readonly url: string;
  readonly slot: string;
  readonly serviceBus: string;
}

/** A relay that scenarios run against, as a process. */
export interface RelaySubject {
  /** Whether the slot has to be there before it starts. */
  readonly needsSlot: boolean;
  /** Whether it tells the server where it stands also when nothing is settled. */
  readonly reportsByItself: boolean;
  /** Resolves when it streams, or waits for the slot. The caller stops it. */
  start(target: RelayTarget): Promise<ManagedProcess>;
}

export interface OurRelay extends RelaySubject {
  readonly needsSlot: false;
  /** `GET /status` of the process started last. */
  status(): Promise<{ counts: Record<string, number>; unsettledInMemory: number }>;
}

/** As `npm run relay` starts it. */
export async function ourRelay(env: Record<string, string> = {}): Promise<OurRelay> {
  const script = npmScript('relay');
  const [program = '', ...args] = script.args;
  const port = await freePort();
  const address = `http://127.0.0.1:${port}`;
  return {
    needsSlot: false,
    reportsByItself: true,
    async start({ url, slot, serviceBus }) {
      const relay = startProcess(
        'relay',
        program,
        {
          ...script.env,
          DATABASE_URL: url,
          RELAY_SLOT: slot,
          SERVICEBUS_CONNECTION_STRING: serviceBus,
          RELAY_HOST: '127.0.0.1',
          RELAY_PORT: String(port),
          ...env,
        },
        args,
      );
      await relay.ready(`${address}/health/ready`);
      return relay;
    },
    async status() {
      const response = await fetch(`${address}/status`);
      return (await response.json()) as { counts: Record<string, number>; unsettledInMemory: number };
    },
  };
}

/** The relay of readme-relay.ts in one of its usages. */
export function readmeRelay(usage: string): RelaySubject {
  return {
    needsSlot: true,
    reportsByItself: false,
    async start({ url, slot, serviceBus }) {
      const relay = startProcess('readme relay', 'test/support/readme-relay.ts', {
        DATABASE_URL: url,
        RELAY_SLOT: slot,
        SERVICEBUS_CONNECTION_STRING: serviceBus,
        USAGE: usage,
      });
      await until('the relay of the README streams, or waits for the slot', () =>
        relay.lines.some((line) => line === 'Streaming' || line.includes('is active for PID')),
      );
      return relay;
    },
  };
}
