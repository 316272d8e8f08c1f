import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import pg from 'pg';
import { openPostgres } from '../../dev/postgres.ts';
import { cleanup } from '../support/cleanup.ts';
import { until } from '../support/until.ts';

test('a PostgreSQL that is killed is told, and can be started again; one that is stopped is not told', async (t) => {
  const ends: (number | string)[] = [];
  const copyOf = process.env['TEST_POSTGRES_DATA'];
  const postgres = await openPostgres({
    ...(copyOf !== undefined && { copyOf }),
    onEnded: (how) => ends.push(how),
  });
  cleanup(t, () => postgres.close());

  const [pid] = readFileSync(join(postgres.dataDir, 'postmaster.pid'), 'utf8').split('\n');
  process.kill(Number(pid), 'SIGKILL');
  await until('its end is told', () => ends.length > 0);
  await postgres.start();

  const client = new pg.Client({ connectionString: postgres.url('postgres') });
  await client.connect();
  await client.end();
  await postgres.stop();
  assert.deepEqual(ends, ['SIGKILL']);
});

test('a PostgreSQL ends with the process that opened it, also if that one is killed, and leaves no folder', async (t) => {
  const copyOf = JSON.stringify(process.env['TEST_POSTGRES_DATA']);
  const program = `
    const { openPostgres } = await import('./dev/postgres.ts');
    const { dataDir } = await openPostgres({ copyOf: ${copyOf} });
    process.stdout.write(dataDir);
    setInterval(() => undefined, 1_000);`;
  const owner = spawn(process.execPath, ['--input-type=module', '--eval', program]);
  cleanup(t, async () => void owner.kill('SIGKILL'));
  const [told] = (await once(owner.stdout, 'data')) as [Buffer];
  const dataDir = told.toString();
  const [pid] = readFileSync(join(dataDir, 'postmaster.pid'), 'utf8').split('\n');

  owner.kill('SIGKILL');

  await until('the server has ended', () => !isAlive(Number(pid)));
  await until('its folder is deleted', () => !existsSync(dirname(dataDir)));
});

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    assert.equal((error as NodeJS.ErrnoException).code, 'ESRCH');
    return false;
  }
}
