import type { Database } from '../db/database.ts';
import type { Event } from '../messages/message.ts';

/**
 * Handles one type of command, in two steps. The first decides what can be decided from the command alone, and throws what is
 * wrong with it before the database is asked. The step it returns runs inside the dispatcher's transaction and decides what is
 * left to decide from the database; when it throws, nothing has happened. `newId` makes a new UUIDv7.
 */
export type Receptor<Command, Answer> = (command: Command, newId: () => string) => InTransaction<Answer>;

/** The step of a receptor that runs inside the transaction. */
export interface InTransaction<Answer> {
  /** The order whose row it locks, if it does: those who wait for the same one take few connections. */
  readonly locks?: string;
  /**
   * `now` is the one instant at which the command happens: that at which its transaction begins. `causeId` is the id of the request
   * or message that asked for it.
   */
  readonly decide: (db: Database, now: Date, causeId: string) => Promise<Decision<Answer>>;
}

/** What a receptor has decided. Nothing of it has happened yet. */
export interface Decision<Answer> {
  readonly answer: Answer;
  /** Published if, and only if, what `write` writes is committed. */
  readonly events: readonly Event[];
  /** Writes what was decided. Its statements are sent together with the events, if it asks for all of them at once. */
  readonly write?: () => Promise<unknown>;
}
