import { setTimeout as delay } from 'node:timers/promises';

type Nothing = undefined | null | false;

/** Ends a test that would wait for ever. How fast something is, on whatever machine, is not what it is for. */
const PATIENCE_MS = 120_000;

/** Waits until `probe` gives something, and returns it; fails with `what` after the deadline. */
export async function until<T>(
  what: string,
  probe: () => Nothing | T | Promise<Nothing | T>,
  timeoutMs = PATIENCE_MS,
): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const value = await probe();
    if (value !== undefined && value !== null && value !== false) return value;
    if (Date.now() > deadline) throw new Error(`Waited ${timeoutMs} ms in vain until ${what}`);
    await delay(10);
  }
}
