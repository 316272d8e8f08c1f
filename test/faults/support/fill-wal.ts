import type pg from 'pg';

/** Writes so much WAL that is nobody's event. */
export async function fillWal(pool: pg.Pool, megabytes: number): Promise<void> {
  await pool.query('CREATE TABLE IF NOT EXISTS filler (text text)');
  await pool.query('ALTER TABLE filler ALTER text SET STORAGE external');
  for (let n = 0; n < megabytes; n++) {
    await pool.query(`INSERT INTO filler VALUES (repeat('x', 1024 * 1024))`);
  }
}
