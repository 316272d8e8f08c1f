import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { lockFolder } from './folder-lock.ts';
import { stopOrphanedPostgres } from './orphaned-postgres.ts';
import { serverAccount } from './server-account.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/**
 * The folder for the database of `npm run dev`, this process's alone until it ends, with no server running on it; empty after
 * `reset`. Throws when another `npm run dev` of this checkout is running.
 */
export async function openDevFolder(options: { reset: boolean }): Promise<string> {
  const folder = devFolder();
  mkdirSync(folder, { recursive: true });
  await lockFolder(folder);
  const postgres = join(folder, 'postgres');
  await stopOrphanedPostgres(join(postgres, 'data'));
  if (options.reset) rmSync(postgres, { recursive: true, force: true, maxRetries: 5 });
  return postgres;
}

function devFolder(): string {
  const account = serverAccount();
  const isReachable = !account || spawnSync('ls', ['-d', join(ROOT, '.')], account).status === 0;
  if (isReachable) return join(ROOT, '.dev');
  // A checkout under /root cannot be entered by the account that PostgreSQL has there.
  return join(tmpdir(), `order-service-dev-${createHash('sha256').update(ROOT).digest('hex').slice(0, 12)}`);
}
