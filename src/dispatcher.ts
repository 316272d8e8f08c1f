import type { Connections } from './db/connections.ts';
import type { Database } from './db/database.ts';
import { inTransaction } from './db/transaction.ts';
import { keepAnswer, takeKey } from './idempotency/answer-store.ts';
import type { KeptAnswer, KeyedRequest } from './idempotency/keyed-request.ts';
import type { Message } from './messages/message.ts';
import { causedBy, type MessageContext } from './messages/message-context.ts';
import { activeTraceContext } from './messages/trace-context.ts';
import { appendToOutbox } from './outbox/outbox-writer.ts';
import type { Receptor } from './receptors/receptor.ts';

export interface Dispatcher<R extends Registry> {
  /**
   * Handles a command that `cause` asked for, and answers once its effects and events are committed together. With `once`, a
   * request that had its answer before gets that one, and nothing is carried out. Throws what the receptor throws,
   * OVERLOADED, DATABASE_UNAVAILABLE or COMMIT_UNCERTAIN; with `once` IDEMPOTENCY_KEY_IN_USE and IDEMPOTENCY_KEY_REUSED too.
   */
  dispatch<T extends keyof R & string>(
    command: Message<T, CommandOf<R[T]>>,
    cause: MessageContext,
    once?: Once<AnswerOf<R[T]>>,
  ): Promise<Dispatched<AnswerOf<R[T]>>>;
}

/** A request that is carried out once, and what its repeats get: kept in the transaction that carries it out. */
export interface Once<Answer> {
  readonly request: KeyedRequest;
  readonly toKept: (answer: Answer) => KeptAnswer;
}

/**
 * The receptor's answer, whether anything has happened that has an event, and what is kept of the answer if that was asked for;
 * of a repeat, that alone is still there.
 */
export type Dispatched<Answer> =
  | {
      readonly replayed: false;
      readonly answer: Answer;
      readonly changed: boolean;
      readonly kept: KeptAnswer | undefined;
    }
  | { readonly replayed: true; readonly answer?: undefined; readonly kept: KeptAnswer };

export interface DispatcherDeps<R extends Registry> {
  readonly connections: WriteConnections;
  readonly receptors: R;
  readonly now: () => Date;
  readonly newId: () => string;
}

/** Where the connections for commands come from. */
export interface WriteConnections {
  readonly writing: Connections;
  /** For a command that locks this order. */
  readonly changing: (orderId: string) => Connections;
}

/** A receptor of each command's type name; `never`, since a table of receptors cannot say whose command is whose. */
export type Registry = Readonly<Record<string, Receptor<never, unknown>>>;
export type CommandOf<R> = R extends Receptor<infer Command, unknown> ? Command : never;
export type AnswerOf<R> = R extends Receptor<never, infer Answer> ? Answer : never;

/** Brings commands to their receptors. Owns the transaction and the outbox, so that no receptor can forget to publish. */
export function createDispatcher<R extends Registry>(deps: DispatcherDeps<R>): Dispatcher<R> {
  const { connections, receptors, now, newId } = deps;
  return {
    async dispatch(command, cause, once) {
      const { locks, decide } = prepare(command, cause);
      const source = locks === undefined ? connections.writing : connections.changing(locks);
      return inTransaction(source, async (db) => {
        const begun = now();
        const before = once && (await takeKey(db, once.request));
        if (before) return { replayed: true, kept: before };
        const { answer, changed, writeAll } = await decide(db, begun);
        const kept = once?.toKept(answer);
        await Promise.all([writeAll(), once && kept && keepAnswer(db, once.request, kept)]);
        return { replayed: false, answer, changed, kept };
      });
    },
  };

  /** Lets the receptor decide, and returns what is to be done inside of a transaction: the rest of deciding, then all the writing at once. */
  function prepare<T extends keyof R & string>(command: Message<T, CommandOf<R[T]>>, cause: MessageContext) {
    const receptor = receptors[command.type] as unknown as Receptor<CommandOf<R[T]>, AnswerOf<R[T]>>;
    const context = { ...causedBy(cause, newId()), trace: activeTraceContext() ?? cause.trace };
    const { locks, decide } = receptor(command.body, newId);
    return {
      locks,
      decide: async (db: Database, begun: Date) => {
        const { answer, events, write } = await decide(db, begun, cause.messageId);
        const trace = activeTraceContext() ?? context.trace;
        const toPublish = events.map((event) => ({
          event,
          context: { ...causedBy(context, newId()), trace },
        }));
        const writeAll = () => Promise.all([write?.(), appendToOutbox(db, toPublish, begun)]);
        return { answer, changed: events.length > 0, writeAll };
      },
    };
  }
}
