import { setTimeout as delay } from 'node:timers/promises';

type Nothing = undefined | null | false;

/** Ends a test that would wait for ever. How fast something is, on whatever machine, is not what it is for. */
const PATIENCE_MS = 120_000;
const LOOK_EVERY_MS = 10;
/** What asks a server or the disk is asked less and less often: the answer takes from what is waited for. */
const ASK_AT_MOST_EVERY_MS = 50;

/** Waits until `probe` gives something, and returns it; fails with `what` after the deadline. */
export async function until<T>(
  what: string,
  probe: () => Nothing | T | Promise<Nothing | T>,
  timeoutMs = PATIENCE_MS,
): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (let waitMs = LOOK_EVERY_MS; ; ) {
    const looked = probe();
    const value = await looked;
    if (value !== undefined && value !== null && value !== false) return value;
    if (Date.now() > deadline) throw new Error(`Waited ${timeoutMs} ms in vain until ${what}`);
    await delay(waitMs);
    if (looked instanceof Promise) waitMs = Math.min(waitMs * 1.5, ASK_AT_MOST_EVERY_MS);
  }
}
