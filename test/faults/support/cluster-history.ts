import { spawnSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type pg from 'pg';
import type { LocalPostgres } from '../../../dev/postgres.ts';

/** Stops the server, copies its data as they are, and starts it again. */
export async function backUp(postgres: LocalPostgres): Promise<void> {
  await postgres.stop();
  replace(postgres.dataDir, copyOf(postgres));
  await postgres.start();
}

/** Stops the server and starts it with the data of the copy. */
export async function restore(postgres: LocalPostgres): Promise<void> {
  await postgres.stop();
  replace(copyOf(postgres), postgres.dataDir);
  await postgres.start();
}

/** Stops the server and starts it as a standby that is promoted: the same data on the next timeline. */
export async function promote(
  postgres: LocalPostgres,
  pool: pg.Pool,
  { slotsLeftOut = false } = {},
): Promise<void> {
  await postgres.stop();
  const slots = join(postgres.dataDir, 'pg_replslot');
  // A base backup has none.
  if (slotsLeftOut) spawnSync('find', [slots, '-mindepth', '1', '-delete']);
  writeFileSync(join(postgres.dataDir, 'standby.signal'), '');
  await postgres.start();
  await pool.query('SELECT pg_promote()');
}

const copyOf = ({ dataDir }: LocalPostgres) => `${dataDir}-copy`;

function replace(from: string, to: string): void {
  rmSync(to, { recursive: true, force: true });
  // With its owner, which cpSync does not keep.
  const copied = spawnSync('cp', ['-a', from, to], { encoding: 'utf8' });
  if (copied.status !== 0) throw new Error(`cp failed: ${copied.stderr}`);
}
