import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { freePort } from '../../dev/free-port.ts';
import { stopOrphanedPostgres } from '../../dev/orphaned-postgres.ts';

// That one which runs is stopped is held by dev.system.test.ts.

test('a process that has got the number of a PostgreSQL that is gone is left alone', async (t) => {
  const dataDir = mkdtempSync(join(tmpdir(), 'orphan-'));
  t.after(() => rmSync(dataDir, { recursive: true }));
  const stranger = spawn(process.execPath, ['--eval', 'setInterval(() => {}, 1000)']);
  t.after(() => stranger.kill('SIGKILL'));
  writeFileSync(
    join(dataDir, 'postmaster.pid'),
    `${stranger.pid}\n${dataDir}\n1795404591\n${await freePort()}\n`,
  );

  await stopOrphanedPostgres(dataDir);

  assert.equal(stranger.killed, false);
  assert.equal(process.kill(stranger.pid ?? 0, 0), true, 'it lives');
});
