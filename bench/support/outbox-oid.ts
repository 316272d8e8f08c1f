import pg from 'pg';

/** By which the stream of this database tells rows of the outbox. */
export async function outboxOid(url: string): Promise<number> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<{ oid: number }>("SELECT 'outbox'::regclass::oid AS oid");
    return rows[0]?.oid ?? 0;
  } finally {
    await client.end();
  }
}
