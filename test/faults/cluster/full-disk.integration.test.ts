import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type pg from 'pg';
import { openApp, type TestApp } from '../../support/app.ts';
import { tutorialOrder } from '../../support/orders.ts';
import { createBus, startRelay, untilAllMarked, untilStreaming } from '../../support/relay.ts';
import { until } from '../../support/until.ts';
import { mountSmallDisk } from '../support/small-disk.ts';
import { createCluster } from '../support-b/cluster.ts';

test('while the data disk is full the api answers 503 and keeps no part of an order; with room again all goes on', async (t) => {
  const disk = mountSmallDisk(t, 192);
  if (!disk) return;
  const { TMPDIR } = process.env;
  process.env['TMPDIR'] = disk.folder;
  const { database } = await createCluster(t).finally(() => {
    if (TMPDIR === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = TMPDIR;
  });
  const bus = await createBus(t);
  const app = await openApp(t, { database });
  const relay = startRelay(t, { url: database.url, bus });
  await untilStreaming(relay);

  disk.fill();
  const full = await postUntil(app, 503);
  disk.free();
  const again = await postUntil(app, 201);
  await untilAllMarked(database.pool);

  assertWhole(await app.rowCounts(), full.taken + again.taken);
  assert.deepEqual(new Set(full.refused), new Set(['urn:order-service:problem:database-unavailable']));
  assert.equal(bus.journal.total, full.taken + again.taken);
  assert.equal(bus.journal.duplicates, 0);
});

test('a full WAL disk stops PostgreSQL and the orders, not the api; with room again what was taken is there and published', async (t) => {
  const disk = mountSmallDisk(t, 64);
  if (!disk) return;
  const { postgres, database } = await createCluster(t, { min_wal_size: '32MB', max_wal_size: '32MB' });
  await postgres.stop();
  const wal = join(postgres.dataDir, 'pg_wal');
  cpSync(wal, join(disk.folder, 'pg_wal'), { recursive: true });
  // Owned by whom the server runs as, which is who owns the data.
  spawnSync('chown', ['-R', `--reference=${postgres.dataDir}`, disk.folder]);
  rmSync(wal, { recursive: true });
  symlinkSync(join(disk.folder, 'pg_wal'), wal);
  await postgres.start();
  const bus = await createBus(t);
  const app = await openApp(t, { database });
  const relay = startRelay(t, { url: database.url, bus });
  await untilStreaming(relay);

  const disabled = bus.faults.inject({ kind: 'disabled' });
  const before = await postUntil(app, 201);
  await fillWal(database.pool);
  const full = await postUntil(app, 503);
  await until('the relay is not ready', () => !relay.monitor.isReady);
  assert.equal((await app.request({ url: '/health/live' })).statusCode, 200);
  await postgres.stop('immediate');
  disk.resize(256);
  await postgres.start();
  disabled.heal();
  const again = await postUntil(app, 201);
  await untilAllMarked(database.pool);

  const taken = before.taken + full.taken + again.taken;
  const [orders] = await app.rowCounts();
  assert.ok(orders >= taken, `${orders} orders, ${taken} were acknowledged`);
  assertWhole(await app.rowCounts(), orders);
  const ids = new Set(bus.journal.entries().map(({ messageId }) => messageId));
  assert.equal(ids.size, orders);
});

/** Posts orders until one is answered so; returns how many were taken, and the types of the problems. */
async function postUntil(app: TestApp, status: number): Promise<{ taken: number; refused: string[] }> {
  let taken = 0;
  const refused: string[] = [];
  await until(`an order is answered with ${status}`, async () => {
    const response = await app.post(tutorialOrder());
    if (response.statusCode === 201) taken++;
    else refused.push(response.json().type);
    assert.ok([201, 503].includes(response.statusCode), response.body);
    return response.statusCode === status;
  });
  return { taken, refused };
}

/** Writes WAL until the server fails. The slot keeps all of it, for the sake of an order that the broker has not taken. */
async function fillWal(pool: pg.Pool): Promise<void> {
  await until('PostgreSQL fails', () =>
    pool
      .query(`SELECT pg_logical_emit_message(false, 'fill', repeat('x', 1000000))`)
      .then(() => false)
      .catch((error: Error) => error.message),
  );
}

function assertWhole(rowCounts: [number, number, number], orders: number): void {
  assert.deepEqual(rowCounts, [orders, 2 * orders, orders]);
}
