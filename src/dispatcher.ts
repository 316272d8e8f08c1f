import type { Connections } from './db/connections.ts';
import type { Database } from './db/database.ts';
import { inTransaction } from './db/transaction.ts';
import type { Message } from './messages/message.ts';
import { causedBy, type MessageContext } from './messages/message-context.ts';
import { activeTraceContext } from './messages/trace-context.ts';
import { hasEvent } from './outbox/outbox-reader.ts';
import { appendToOutbox } from './outbox/outbox-writer.ts';
import type { Receptor } from './receptors/receptor.ts';

export interface Dispatcher<R extends Registry> {
  /**
   * Handles a command that `cause` asked for, and answers once its effects and events are committed together. With `once`, what
   * was carried out before is not carried out again. Throws what the receptor and `once` throw, OVERLOADED, DATABASE_UNAVAILABLE or
   * COMMIT_UNCERTAIN.
   */
  dispatch<T extends keyof R & string, Kept = never>(
    command: Command<T, CommandOf<R[T]>>,
    cause: MessageContext,
    once?: Once<AnswerOf<R[T]>, Kept>,
  ): Promise<Dispatched<AnswerOf<R[T]>, Kept>>;
}

/** A message with an id of its own is the command itself: it is what its events are caused by. Any other command gets a new id. */
export interface Command<T extends string, Body> extends Message<T, Body> {
  readonly messageId?: string;
}

/** What makes a command happen once, however often it comes: both halves belong to the transaction that carries it out. */
export interface Once<Answer, Kept> {
  /** Comes first in the transaction: what was kept when the command was carried out before; undefined if it never was. */
  readonly ask: (db: Database) => Promise<Kept | undefined>;
  /** Whether the receptor decides along with `ask`, which saves a turn. Then a repeat, too, waits for what the receptor locks. */
  readonly decidesAlong: boolean;
  /** Is sent along with all that the receptor writes, and returns what repeats are to get. */
  readonly tell: (db: Database, answer: Answer) => Promise<Kept>;
  /** Whether what `tell` has returned is kept, by this transaction or by one that did the same. */
  readonly isKept: (db: Database, kept: Kept) => Promise<boolean>;
}

/**
 * The receptor's answer, whether anything has happened that has an event, and what is kept of it if that was asked for; of a repeat,
 * that alone is still there.
 */
export type Dispatched<Answer, Kept> =
  | {
      readonly replayed: false;
      readonly answer: Answer;
      readonly changed: boolean;
      readonly kept: Kept | undefined;
    }
  | { readonly replayed: true; readonly answer?: undefined; readonly kept: Kept };

export interface DispatcherDeps<R extends Registry> {
  readonly connections: WriteConnections;
  readonly receptors: R;
  readonly now: () => Date;
  readonly newId: () => string;
}

/** Where the connections for commands come from. */
export interface WriteConnections {
  readonly writing: Connections;
  /** For a command that locks this, such as the id of an order. */
  readonly changing: (locked: string) => Connections;
}

/** A receptor of each command's type name; `never`, since a table of receptors cannot say whose command is whose. */
export type Registry = Readonly<Record<string, Receptor<never, unknown>>>;
export type CommandOf<R> = R extends Receptor<infer Command, unknown> ? Command : never;
export type AnswerOf<R> = R extends Receptor<never, infer Answer> ? Answer : never;

/** Brings commands to their receptors. Owns the transaction and the outbox, so that no receptor can forget to publish. */
export function createDispatcher<R extends Registry>(deps: DispatcherDeps<R>): Dispatcher<R> {
  const { connections, receptors, now, newId } = deps;
  return {
    async dispatch<T extends keyof R & string, Kept>(
      command: Command<T, CommandOf<R[T]>>,
      cause: MessageContext,
      once?: Once<AnswerOf<R[T]>, Kept>,
    ): Promise<Dispatched<AnswerOf<R[T]>, Kept>> {
      const { locks, decide } = prepare(command, cause);
      const source = locks === undefined ? connections.writing : connections.changing(locks);
      try {
        const { dispatched } = await inTransaction(source, carryOut, { isStored });
        return dispatched;
      } catch (error) {
        if (error instanceof Repeat) return { replayed: true, kept: error.kept as Kept }; // what its `once` has said
        throw error;
      }

      async function carryOut(db: Database) {
        const begun = now();
        const deciding = () => decide(db, begun);
        const { answer, eventIds, writeAll } = await (once ? decideOnce(db, once, deciding) : deciding());
        const [kept] = await Promise.all([once?.tell(db, answer), writeAll()]);
        return {
          dispatched: { replayed: false as const, answer, changed: eventIds.length > 0, kept },
          eventIds,
        };
      }

      /** By one of its rows, since they come together. Without any, nothing is lost. */
      async function isStored(db: Database, { dispatched, eventIds }: Awaited<ReturnType<typeof carryOut>>) {
        if (once) return once.isKept(db, dispatched.kept as Kept); // what its `tell` has returned
        const [eventId] = eventIds;
        return eventId === undefined || hasEvent(db, eventId);
      }
    },
  };

  /** Lets the receptor decide, and returns what is to be done inside of a transaction: the rest of deciding, then all the writing at once. */
  function prepare<T extends keyof R & string>(command: Command<T, CommandOf<R[T]>>, cause: MessageContext) {
    const receptor = receptors[command.type] as unknown as Receptor<CommandOf<R[T]>, AnswerOf<R[T]>>;
    const context = {
      ...causedBy(cause, command.messageId ?? newId()),
      trace: activeTraceContext() ?? cause.trace,
    };
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
        return { answer, eventIds: toPublish.map((each) => each.context.messageId), writeAll };
      },
    };
  }
}

/** Throws `Repeat` if it was decided before. */
async function decideOnce<Decided, Answer, Kept>(
  db: Database,
  once: Once<Answer, Kept>,
  decide: () => Promise<Decided>,
): Promise<Decided> {
  const asking = once.ask(db);
  if (!once.decidesAlong) refuseRepeat(await asking);
  // Its own failure counts first: a receptor whose statements come behind it fails with it.
  const [asked, decided] = await Promise.allSettled([asking, decide()]);
  if (asked.status === 'rejected') throw asked.reason;
  refuseRepeat(asked.value);
  if (decided.status === 'rejected') throw decided.reason;
  return decided.value;
}

function refuseRepeat(kept: unknown): void {
  if (kept !== undefined) throw new Repeat(kept);
}

/** Thrown, so that what the receptor has begun meanwhile is rolled back. */
class Repeat extends Error {
  readonly kept: unknown;

  constructor(kept: unknown) {
    super('It was carried out before');
    this.kept = kept;
  }
}
