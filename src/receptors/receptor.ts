import type { Database } from '../db/database.ts';
import type { Event } from '../messages/message.ts';

/**
 * Handles one type of command, in two steps. The first decides what can be decided from the command alone, and throws what is
 * wrong with it before the database is asked. The step it returns runs inside the dispatcher's transaction and decides what is
 * left to decide from the database; when it throws, nothing has happened.
 */
export type Receptor<Command, Answer> = (
  command: Command,
  moment: Moment,
) => (db: Database) => Promise<Decision<Answer>>;

/** The one instant at which a command happens, and where its ids come from. */
export interface Moment {
  readonly now: Date;
  /** A new UUIDv7. */
  readonly newId: () => string;
}

/** What a receptor has decided. Nothing of it has happened yet. */
export interface Decision<Answer> {
  readonly answer: Answer;
  /** Published if, and only if, what `write` writes is committed. */
  readonly events: readonly Event[];
  /** Writes what was decided. Its statements are sent together with the events, if it asks for all of them at once. */
  readonly write?: () => Promise<unknown>;
}
