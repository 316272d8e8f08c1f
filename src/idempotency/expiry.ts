import type pg from 'pg';
import type { Logger } from '../core/log.ts';
import { inTransaction } from '../db/transaction.ts';
import { repeatTurns } from '../repeated-turns.ts';
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
  const turn = async () => {
    const removed = await inTransaction(pool, (db) => removeExpired(db, batch));
    if (removed > 0) log.info({ removed }, `Removed ${removed} expired idempotency keys`);
    return removed === batch;
  };
  return repeatTurns({
    turn,
    failed: 'Could not remove expired idempotency keys; the next turn tries again',
    log,
    intervalMs,
    pauseMs,
  });
}
