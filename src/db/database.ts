import type { NodePgDatabase } from 'drizzle-orm/node-postgres';

/** Drizzle on a pool or, inside a transaction, on one connection. */
export type Database = NodePgDatabase<Record<string, never>>;
