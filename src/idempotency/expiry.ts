import type pg from 'pg';
import type { Logger } from '../core/log.ts';
import { inTransaction } from '../db/transaction.ts';
import { removeExpired } from './answer-store.ts';

const BATCH = 2_000;
const PAUSE_MS = 1_000;
const INTERVAL_MS = 10 * 60_000;

export interface ExpiryDeps {
  readonly pool: pg.Pool;
  readonly log: Logger;
  readonly batch?: number;
  readonly pauseMs?: number;
  readonly intervalMs?: number;
}

/**
 * Removes expired answers now and then, a bounded number at a time on one connection, until stopped. Every api process
 * does, at times of its own; they pass over each other's rows. A failure is logged, and the next turn tries again.
 */
export function startExpiry(deps: ExpiryDeps): { stop(): Promise<void> } {
  const { pool, log, batch = BATCH, pauseMs = PAUSE_MS, intervalMs = INTERVAL_MS } = deps;
  let stopped = false;
  let running = Promise.resolve();
  let timer = setTimeout(turn, jittered(intervalMs));
  timer.unref();

  function turn(): void {
    running = inTransaction(pool, (db) => removeExpired(db, batch))
      .then((removed) => {
        if (removed > 0) log.info({ removed }, `Removed ${removed} expired idempotency keys`);
        return removed < batch ? jittered(intervalMs) : pauseMs;
      })
      .catch((err) => {
        log.warn({ err }, 'Could not remove expired idempotency keys; the next turn tries again');
        return jittered(intervalMs);
      })
      .then((waitMs) => {
        if (stopped) return;
        timer = setTimeout(turn, waitMs);
        timer.unref();
      });
  }

  return {
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await running;
    },
  };
}

/** Between a half and one and a half times as long, so that processes started together do not stay together. */
const jittered = (ms: number) => ms * (0.5 + Math.random());
