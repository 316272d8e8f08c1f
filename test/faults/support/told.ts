import assert from 'node:assert/strict';
import type { TestRelay } from '../../support/relay.ts';
import { until } from '../../support/until.ts';

/** What an operator is told: the code of the relay's last error, or a text in its message. */
export type Told = string | RegExp;

/** Waits until the relay tells this, is not ready, and has tried again after it. */
export async function untilToldAndTried(relay: TestRelay, told: Told): Promise<void> {
  const last = () => {
    const error = relay.monitor.lastError;
    const fits = typeof told === 'string' ? error?.code === told : told.test(error?.message ?? '');
    return fits ? error : undefined;
  };
  const first = await until(`the relay tells ${told}`, last);
  assert.equal(relay.monitor.isReady, false);
  await until('it has tried again', () => (last()?.at.getTime() ?? 0) > first.at.getTime());
  assert.equal(relay.monitor.isReady, false);
}
