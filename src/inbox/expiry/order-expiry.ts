import { isApiError } from '../../api-error.ts';
import type { Logger } from '../../core/log.ts';
import type { Connections } from '../../db/connections.ts';
import { inTransaction } from '../../db/transaction.ts';
import type { Dispatcher } from '../../dispatcher.ts';
import { EXPIRE_ORDER } from '../../messages/expire-order.ts';
import { newContext } from '../../messages/message-context.ts';
import { findOverdueOrders } from '../../orders/find-overdue-orders.ts';
import type { Receptors } from '../../receptors/registry.ts';
import { repeatTurns } from '../../repeated-turns.ts';

const BATCH = 100;
const PAUSE_MS = 100;
const INTERVAL_MS = 10_000;

export interface OrderExpiryDeps {
  readonly connections: Connections;
  readonly dispatcher: Dispatcher<Receptors>;
  /** ORDER_EXPIRES_AFTER as it is configured, and in milliseconds. */
  readonly after: { readonly text: string; readonly ms: number };
  readonly newId: () => string;
  readonly log: Logger;
  readonly batch?: number;
  readonly pauseMs?: number;
  readonly intervalMs?: number;
}

/**
 * Cancels orders that have been pending for too long, now and then, a bounded number at a time and one after the other, until stopped.
 * Every process may: each order is cancelled once, by the command. One that is locked is passed over, and its time comes again.
 */
export function startOrderExpiry(deps: OrderExpiryDeps): { stop(): Promise<void> } {
  const { connections, dispatcher, after, newId, log } = deps;
  const { batch = BATCH, pauseMs = PAUSE_MS, intervalMs = INTERVAL_MS } = deps;
  const reason = `No answer within ${after.text}`;

  async function turn(stopping: AbortSignal): Promise<boolean> {
    const orderIds = await inTransaction(connections, (db) => findOverdueOrders(db, after.ms, batch));
    let expired = 0;
    for (const orderId of orderIds) {
      if (stopping.aborted) break;
      if (await expire(orderId)) expired++;
    }
    if (expired > 0)
      log.info({ expired }, `Cancelled ${expired} orders that had no answer within ${after.text}`);
    return orderIds.length === batch && expired > 0;
  }

  /** Whether it was this process that cancelled it. */
  async function expire(orderId: string): Promise<boolean> {
    try {
      const command = { type: EXPIRE_ORDER, body: { orderId, reason } } as const;
      const done = await dispatcher.dispatch(command, newContext(newId));
      return !done.replayed && done.changed;
    } catch (error) {
      if (isApiError(error) && error.code !== 'ORDER_LOCKED') throw error;
      // The others do not wait for one that cannot be cancelled.
      log.warn(
        { err: error, orderId },
        `Order ${orderId} waits too long and could not be cancelled; it is tried again`,
      );
      return false;
    }
  }

  return repeatTurns({
    turn,
    failed: 'Could not cancel orders that wait too long; the next turn tries again',
    log,
    intervalMs,
    pauseMs,
  });
}
