import type { Logger } from './core/log.ts';

export interface RepeatedTurns {
  /** Does one turn, a short one or one that ends early when it is asked to stop; true: there is more to do. */
  readonly turn: (stopping: AbortSignal) => Promise<boolean>;
  /** For the log, when a turn fails. */
  readonly failed: string;
  readonly log: Logger;
  /** Between turns, about; and before the first. */
  readonly intervalMs: number;
  /** Before the next turn when there is more to do. */
  readonly pauseMs: number;
}

/**
 * Turns of something that is to be done now and then, one after the other, until stopped. A failure is logged, and the next turn tries
 * again. Stopping waits for the turn that is under way.
 */
export function repeatTurns(options: RepeatedTurns): { stop(): Promise<void> } {
  const { turn, failed, log, intervalMs, pauseMs } = options;
  const stopping = new AbortController();
  const { signal } = stopping;
  let running = Promise.resolve();
  let timer = later(jittered(intervalMs));

  function later(ms: number): NodeJS.Timeout {
    return setTimeout(next, ms).unref();
  }

  function next(): void {
    running = turn(signal)
      .then((more) => (more ? pauseMs : jittered(intervalMs)))
      .catch((err) => {
        log.warn({ err }, failed);
        return jittered(intervalMs);
      })
      .then((waitMs) => {
        if (!signal.aborted) timer = later(waitMs);
      });
  }

  return {
    async stop() {
      stopping.abort();
      clearTimeout(timer);
      await running;
    },
  };
}

/** Between a half and one and a half times as long, so that processes started together do not stay together. */
const jittered = (ms: number) => ms * (0.5 + Math.random());
