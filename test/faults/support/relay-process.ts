import type { TestContext } from 'node:test';
import { freePort } from '../../../dev/free-port.ts';
import { type ManagedProcess, startProcess } from '../../../dev/managed-process.ts';
import type { LocalServiceBus } from '../../../dev/service-bus/service-bus.ts';
import { cleanup } from '../../support/cleanup.ts';
import { slotOf } from '../../support/relay.ts';

export interface RelayProcess extends ManagedProcess {
  readonly url: string;
}

/** The relay as an operator runs it, with more or other variables. It is killed when the test ends. */
export async function startRelayProcess(
  t: TestContext,
  { url, bus }: { url: string; bus: LocalServiceBus },
  env: Record<string, string> = {},
): Promise<RelayProcess> {
  const port = await freePort();
  const relay = startProcess('relay', 'relay/main.ts', {
    DATABASE_URL: url,
    RELAY_SLOT: slotOf(url),
    SERVICEBUS_CONNECTION_STRING: bus.connectionString,
    RELAY_HOST: '127.0.0.1',
    RELAY_PORT: String(port),
    ...env,
  });
  cleanup(t, () => relay.stop('SIGKILL'));
  return { ...relay, url: `http://127.0.0.1:${port}` };
}

/** The status of /health/ready, or undefined while nobody answers. */
export async function readiness(relay: RelayProcess): Promise<number | undefined> {
  const response = await fetch(`${relay.url}/health/ready`).catch(() => undefined);
  await response?.body?.cancel();
  return response?.status;
}
