import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { arch, cpus, platform, release, totalmem } from 'node:os';
import type pg from 'pg';

/** Where and on what a figure was measured. */
export interface Environment {
  readonly machine: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly commit: string;
  readonly at: string;
}

const PACKAGES = [
  'pg',
  'drizzle-orm',
  'fastify',
  '@azure/service-bus',
  'pg-logical-replication',
  'pg-transactional-outbox',
];

export function describeEnvironment(postgres: string): Environment {
  const processors = cpus();
  const gigabytes = Math.round(totalmem() / 2 ** 30);
  return {
    machine: `${processors.length} x ${processors[0]?.model.trim()}, ${gigabytes} GB, ${platform()} ${arch()} ${release()}`,
    versions: {
      node: process.version,
      postgres,
      ...Object.fromEntries(PACKAGES.map((name) => [name, installedVersion(name)])),
    },
    commit: commit(),
    at: new Date().toISOString(),
  };
}

export async function postgresVersion(db: pg.Pool): Promise<string> {
  const { rows } = await db.query<{ server_version: string }>('SHOW server_version');
  return rows[0]?.server_version ?? 'unknown';
}

function installedVersion(name: string): string {
  const manifest = new URL(`../../node_modules/${name}/package.json`, import.meta.url);
  return (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version;
}

/** The commit, with a plus sign when the files are not those of the commit. */
function commit(): string {
  const git = (...args: string[]) => spawnSync('git', args, { encoding: 'utf8' }).stdout?.trim() ?? '';
  return `${git('rev-parse', '--short', 'HEAD') || 'unknown'}${git('status', '--porcelain') ? '+' : ''}`;
}
