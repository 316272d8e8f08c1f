import { AppError } from '../../core/errors.ts';
import type { Logger } from '../../core/log.ts';
import type { Connections } from '../../db/connections.ts';
import type { Database } from '../../db/database.ts';
import { inTransaction } from '../../db/transaction.ts';
import type { Dispatcher, Registry } from '../../dispatcher.ts';
import { newContext } from '../../messages/message-context.ts';
import { repeatTurns } from '../../repeated-turns.ts';
import type { AnyCommand } from '../handling/consumed-event.ts';

const BATCH = 100;
const PAUSE_MS = 100;
const INTERVAL_MS = 10_000;
/** Somebody else is at it: this one is passed over. */
const PASSES = new Set(['ORDER_LOCKED', 'VERSION_CONFLICT']);

/** What happens to orders whose time is over. */
export interface Expiry<R extends Registry> {
  /** The orders whose time is over, up to so many of them. */
  readonly find: (db: Database, most: number) => Promise<readonly string[]>;
  /** What is to happen to such an order. When it comes twice, it changes nothing the second time. */
  readonly toCommand: (orderId: string) => AnyCommand<R>;
  /** What that means, for the log: "Cancelled orders that ...". */
  readonly done: string;
}

export interface ExpiryDeps<R extends Registry> {
  readonly expiry: Expiry<R>;
  readonly connections: Connections;
  readonly dispatcher: Dispatcher<R>;
  readonly newId: () => string;
  readonly log: Logger;
  readonly batch?: number;
  readonly pauseMs?: number;
  readonly intervalMs?: number;
}

/**
 * Dispatches a command for each order whose time is over, now and then, a bounded number at a time and one after the other, until
 * stopped. Every process may: the command decides.
 */
export function startExpiry<R extends Registry>(deps: ExpiryDeps<R>): { stop(): Promise<void> } {
  const { expiry, connections, dispatcher, newId, log } = deps;
  const { find, toCommand, done } = expiry;
  const { batch = BATCH, pauseMs = PAUSE_MS, intervalMs = INTERVAL_MS } = deps;

  async function turn(stopping: AbortSignal): Promise<boolean> {
    const orderIds = await inTransaction(connections, (db) => find(db, batch));
    let expired = 0;
    for (const orderId of orderIds) {
      if (stopping.aborted) break;
      if (await expire(orderId)) expired++;
    }
    if (expired > 0) log.info({ expired }, done);
    return orderIds.length === batch && expired > 0;
  }

  /** Whether it was this process that changed something. */
  async function expire(orderId: string): Promise<boolean> {
    try {
      const dispatched = await dispatcher.dispatch(toCommand(orderId), newContext(newId));
      return !dispatched.replayed && dispatched.changed;
    } catch (err) {
      if (err instanceof AppError && !PASSES.has(err.code)) throw err;
      // The others do not wait for one that cannot be changed.
      log.warn(
        { err, orderId },
        `The time of order ${orderId} is over, and nothing could be done; it is tried again`,
      );
      return false;
    }
  }

  return repeatTurns({ turn, failed: `Not done: ${done}`, log, intervalMs, pauseMs });
}
