import type pg from 'pg';

/** How many messages of each consumer wait in the table for a person; of none, nothing. Throws what `pg` throws. */
export async function countWaiting(pool: pg.Pool): Promise<Map<string, number>> {
  const { rows } = await pool.query<{ consumer: string; count: number }>(
    'SELECT consumer, count(*)::int AS count FROM inbox WHERE processed_at IS NULL GROUP BY consumer',
  );
  return new Map(rows.map(({ consumer, count }) => [consumer, count]));
}
