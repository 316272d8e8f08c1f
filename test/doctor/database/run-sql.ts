import pg from 'pg';
import type { Cluster } from '../../support/cluster.ts';
import { until } from '../../support/until.ts';

/** One statement at a time: some want no transaction around them. A new setting holds for every later connection. */
export async function runSql({ pool, url }: Cluster, sql: string): Promise<void> {
  const { rows } = await pool.query<{ now: Date }>('SELECT clock_timestamp() AS now');
  for (const statement of sql.split(';')) if (statement.trim()) await pool.query(statement);
  if (!sql.includes('pg_reload_conf')) return;
  await until('the server has read its settings', async () => {
    const client = await connect(url);
    const loaded = await client.query('SELECT pg_conf_load_time() > $1 AS "isNew"', [rows[0]?.now]);
    await client.end();
    return loaded.rows[0]?.isNew;
  });
}

/** A connection that the caller ends. */
export async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  return client;
}
