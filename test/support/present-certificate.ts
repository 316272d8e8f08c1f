import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync } from 'node:fs';
import { join } from 'node:path';
import type pg from 'pg';
import { CERTIFICATES } from './certificates/files.ts';

/** Has a PostgreSQL encrypt and show a certificate, from its next connection on. */
export async function presentCertificate(
  { dataDir, pool }: { dataDir: string; pool: pg.Pool },
  name: 'server' | 'elsewhere',
): Promise<void> {
  for (const [from, to] of [
    [CERTIFICATES[name], 'server.crt'],
    [CERTIFICATES.key, 'server.key'],
  ] as const) {
    const path = join(dataDir, to);
    copyFileSync(from, path);
    chmodSync(path, 0o600); // of a key that others may read PostgreSQL says that it is no secret
    spawnSync('chown', [`--reference=${dataDir}`, path]);
  }
  await pool.query('ALTER SYSTEM SET ssl = on');
  await pool.query('SELECT pg_reload_conf()');
}
