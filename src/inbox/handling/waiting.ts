import type { Logger } from '../../core/log.ts';
import type { Connections } from '../../db/connections.ts';
import { read } from '../../db/reader.ts';
import { inTransaction } from '../../db/transaction.ts';
import type { Once, Registry } from '../../dispatcher.ts';
import { type CarryOutDeps, carryingOut } from './carry-out.ts';
import { describeFailure } from './describe-failure.ts';
import { failureOf, POLICIES } from './failure-policy.ts';
import {
  droppedFor,
  endWaiting,
  findFirstWaiting,
  findWaiting,
  isHandled,
  noteFailure,
} from './inbox-store.ts';
import type { WaitingMessage } from './waiting-message.ts';

export interface WaitingDeps<R extends Registry> extends CarryOutDeps<R> {
  readonly connections: Connections;
  readonly log: Logger;
}

/** How many messages were handled; and the first that could not be, behind which the others go on waiting. */
export interface Retried {
  readonly handled: number;
  readonly failed?: { readonly messageId: string; readonly reason: string };
}

/** How many messages are given up; and what has become of those behind them. */
export interface Dropped extends Retried {
  readonly dropped: number;
}

/** What a person decides about messages that wait in the table. */
export interface Waiting {
  /**
   * Handles what waits with this message: the messages of its aggregate, in the broker's order, up to one that fails again; alone, if
   * it has no aggregate. Nothing if it does not wait. Throws DATABASE_UNAVAILABLE, COMMIT_UNCERTAIN.
   */
  retry(consumer: string, messageId: string): Promise<Retried>;
  /**
   * These messages of one aggregate are never handled; their rows keep the reason. What waits behind them is, as in `retry`. Those that do
   * not wait are left as they are.
   */
  drop(consumer: string, messageIds: readonly string[], reason: string): Promise<Dropped>;
}

/** For whoever runs it beside the inbox: whatever comes meanwhile keeps its place. */
export function openWaiting<R extends Registry>(deps: WaitingDeps<R>): Waiting {
  const { connections, log } = deps;
  const carryOut = carryingOut(deps);
  return {
    async retry(consumer, messageId) {
      const message = await read(connections, (db) => findWaiting(db, consumer, messageId));
      return message ? handleFrom(consumer, message) : { handled: 0 };
    },
    async drop(consumer, messageIds, reason) {
      const ended = await inTransaction(connections, async (db) => {
        const messages: WaitingMessage[] = [];
        for (const messageId of messageIds) {
          const message = await findWaiting(db, consumer, messageId);
          if (message && (await endWaiting(db, consumer, messageId, droppedFor(reason))))
            messages.push(message);
        }
        return messages;
      });
      log.warn({ consumer, messageIds, reason }, 'Messages were dropped');
      const [first] = ended;
      const rest = first?.aggregateId === undefined ? { handled: 0 } : await handleFrom(consumer, first);
      return { dropped: ended.length, ...rest };
    },
  };

  async function handleFrom(consumer: string, asked: WaitingMessage): Promise<Retried> {
    const { aggregateId } = asked;
    const first = async () =>
      aggregateId === undefined
        ? asked
        : read(connections, (db) => findFirstWaiting(db, consumer, aggregateId));
    let handled = 0;
    for (
      let message = await first();
      message;
      message = aggregateId === undefined ? undefined : await first()
    ) {
      const { messageId } = message;
      try {
        const fate = await carryOut(consumer, message, endsWaitingOnce(consumer, messageId));
        if (fate === 'handled') handled++;
      } catch (err) {
        if (POLICIES[failureOf(err)].consequence === 'release') throw err;
        const reason = describeFailure(err);
        await inTransaction(connections, (db) => noteFailure(db, consumer, messageId, reason));
        log.error({ consumer, messageId, err }, 'Could not handle a message that waits; it goes on waiting');
        return { handled, failed: { messageId, reason } };
      }
    }
    return { handled };
  }
}

/** Two who retry at the same time: the second waits here for the first. */
const endsWaitingOnce = (consumer: string, messageId: string): Once<unknown, true> => ({
  ask: async (db) => ((await endWaiting(db, consumer, messageId, null)) ? undefined : true),
  decidesAlong: true,
  tell: async () => true,
  isKept: (db) => isHandled(db, consumer, messageId),
});
