import { setTimeout as sleep } from 'node:timers/promises';
import { onExit } from '../lifecycle.ts';

// A collector that is away must not use up the time in which the relay drains.
const FLUSH_WITHIN_MS = 3_000;

/** Sends what is left when the process ends, and gives up after 3 s. */
export function flushOnExit(name: string, shutdown: () => Promise<void>): void {
  onExit(name, async () => {
    const flushed = shutdown().then(() => true);
    if (!(await Promise.race([flushed, sleep(FLUSH_WITHIN_MS, false, { ref: false })])))
      throw new Error(`The last of it was not sent within ${FLUSH_WITHIN_MS} ms`);
  });
}
