import type pg from 'pg';
import { assertOutbox } from '../outbox/assert-outbox.ts';
import { inspectPublication } from '../replication/publication.ts';
import { type InitOptions, initSql } from './init-sql.ts';

/**
 * Makes all that the relay needs of this database, and looks at it as the relay will. Throws OUTBOX_INCOMPLETE or
 * PUBLICATION_UNUSABLE with what only a person can decide, and what `pg` throws; then nothing is changed.
 */
export async function initOutbox(pool: pg.Pool, options: InitOptions): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query('BEGIN');
    await client.query(initSql(options));
    await assertOutbox(client, options.table);
    await inspectPublication(client, options.publication, options.table);
    await client.query('COMMIT');
  } finally {
    // Its transaction, if it is still open, ends with the connection.
    client.release(true);
  }
}
