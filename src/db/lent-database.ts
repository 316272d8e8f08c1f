import type { Database } from './database.ts';

/** A connection as Drizzle knows it, lent for a while. */
export interface LentDatabase {
  readonly db: Database;
  /** From here on, every use of `db` throws: its connection is somebody else's. */
  readonly end: () => void;
}

export function lend(db: Database): LentDatabase {
  let isOver = false;
  const session = () => {
    if (isOver) throw new Error('This database handle is used after the end of its transaction');
    return sessionOf(db);
  };
  // All that Drizzle does with a handle begins with its session.
  return { db: Object.create(db, { session: { get: session } }), end: () => (isOver = true) };
}

/** Of the connection, and so the same for all handles to it. */
export function sessionOf(db: Database): object {
  return (db as unknown as { session: object }).session; // left out of Drizzle's types as internal
}
