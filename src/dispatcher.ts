import type pg from 'pg';
import { inTransaction } from './core/db/transaction.ts';
import type { Message } from './core/messages/message.ts';
import { causedBy, type MessageContext } from './core/messages/message-context.ts';
import { activeTraceContext } from './core/messages/trace-context.ts';
import { appendToOutbox } from './outbox/outbox-writer.ts';
import type { Receptor } from './receptors/receptor.ts';

export interface Dispatcher<R extends Registry> {
  /**
   * Handles a command that `cause` asked for, and answers once its effects and events are committed together.
   * Throws what the receptor throws, DATABASE_UNAVAILABLE or COMMIT_UNCERTAIN.
   */
  dispatch<T extends keyof R & string>(
    command: Message<T, CommandOf<R[T]>>,
    cause: MessageContext,
  ): Promise<AnswerOf<R[T]>>;
}

export interface DispatcherDeps<R extends Registry> {
  readonly pool: pg.Pool;
  readonly receptors: R;
  readonly now: () => Date;
  readonly newId: () => string;
}

/** A receptor of each command's type name; `never`, since a table of receptors cannot say whose command is whose. */
export type Registry = Readonly<Record<string, Receptor<never, unknown>>>;
type CommandOf<R> = R extends Receptor<infer Command, unknown> ? Command : never;
type AnswerOf<R> = R extends Receptor<never, infer Answer> ? Answer : never;

/** Brings commands to their receptors. Owns the transaction and the outbox, so that no receptor can forget to publish. */
export function createDispatcher<R extends Registry>(deps: DispatcherDeps<R>): Dispatcher<R> {
  const { pool, receptors, now, newId } = deps;
  return {
    async dispatch<T extends keyof R & string>(command: Message<T, CommandOf<R[T]>>, cause: MessageContext) {
      const receptor = receptors[command.type] as unknown as Receptor<CommandOf<R[T]>, AnswerOf<R[T]>>;
      const context = { ...causedBy(cause, newId()), trace: activeTraceContext() ?? cause.trace };
      const moment = { now: now(), newId };

      const handle = receptor(command.body, moment);
      return inTransaction(pool, async (db) => {
        const { answer, events } = await handle(db);
        const trace = activeTraceContext() ?? context.trace;
        const toPublish = events.map((event) => ({
          event,
          context: { ...causedBy(context, newId()), trace },
        }));
        await appendToOutbox(db, toPublish, moment.now);
        return answer;
      });
    },
  };
}
