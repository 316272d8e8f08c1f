import type { Database } from './database.ts';
import { sessionOf } from './lent-database.ts';

/**
 * A query that is built once for each connection and not for each call: `build` ends in Drizzle's `.prepare(name)`, which makes
 * PostgreSQL plan it once too. What that saves is in docs/decisions/transaction.md. A name stands for one text.
 */
export function prepared<Query>(build: (db: Database) => Query): (db: Database) => Query {
  const built = new WeakMap<object, Query>();
  return (db) => {
    const session = sessionOf(db);
    const known = built.get(session);
    if (known) return known;
    const query = build(db);
    built.set(session, query);
    return query;
  };
}
