import type pg from 'pg';
import { assertOutbox } from '../outbox/assert-outbox.ts';
import { inspectPublication } from '../replication/publication.ts';
import { type InitOptions, initSql } from './init-sql.ts';

/**
 * Makes all that the relay needs of this database, and checks it as the relay does: throws OUTBOX_INCOMPLETE or PUBLICATION_UNUSABLE
 * with what only a person can decide about what was there before, and what `pg` throws.
 */
export async function initOutbox(pool: pg.Pool, options: InitOptions): Promise<void> {
  await pool.query(initSql(options));
  await assertOutbox(pool, options.table);
  await inspectPublication(pool, options.publication, options.table);
}
