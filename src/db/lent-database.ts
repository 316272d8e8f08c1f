import type { Database } from './database.ts';

/** A connection as Drizzle knows it, lent for a while. */
export interface LentDatabase {
  readonly db: Database;
  /** From here on, every use of `db` throws: its connection is somebody else's. */
  readonly end: () => void;
}

/** What lends this connection: each time as another handle, all of which share what is prepared. */
export function lender(db: Database): () => LentDatabase {
  const session = sessionOf(db);
  // All that Drizzle does with a handle begins with its session. A prototype, once for each connection: it costs more than all the rest.
  const prototype = Object.create(db, {
    session: {
      get(this: Handle) {
        if (this.isOver) throw new Error('This database handle is used after the end of its transaction');
        return session;
      },
    },
  });
  class Handle {
    isOver = false;
  }
  Object.setPrototypeOf(Handle.prototype, prototype);
  return () => {
    const handle = new Handle();
    return {
      db: handle as unknown as Database,
      end: () => {
        handle.isOver = true;
      },
    };
  };
}

/** Of the connection, and so the same for all handles to it. */
export function sessionOf(db: Database): object {
  return (db as unknown as { session: object }).session; // left out of Drizzle's types as internal
}
