import { pause } from '../../core/pause.ts';

/** Resolves when the work is done, or after so long. Rejects if the work does before. */
export async function within(ms: number, work: Promise<unknown>): Promise<void> {
  const done = new AbortController();
  try {
    await Promise.race([work, pause(ms, done.signal)]);
  } finally {
    done.abort();
  }
}
