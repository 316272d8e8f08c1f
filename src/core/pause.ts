import { setTimeout as sleep } from 'node:timers/promises';

/** Resolves after so long, or as soon as `signal` is aborted. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined); // being woken is the point
}
