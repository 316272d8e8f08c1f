import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type pg from 'pg';

const file = (name: string) => resolve(import.meta.dirname, 'certificates', name);

/** Paths of what test/support/certificates/README.md lists. */
export const CERTIFICATES = {
  ca: file('ca.crt'),
  otherCa: file('other-ca.crt'),
  server: file('server.crt'),
  elsewhere: file('elsewhere.crt'),
  key: file('server.key'),
} as const;

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
