import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openPostgres } from '../../../dev/postgres.ts';
import { openApp } from '../../support/app.ts';
import { until } from '../../support/until.ts';

test('live asks nothing of anyone; ready follows the database down and back', async (t) => {
  const postgres = await openPostgres();
  t.after(() => postgres.close());
  const { request } = await openApp(t, {
    url: () => postgres.url('postgres'),
    poolOptions: { connectTimeoutMs: 500 },
  });
  const ready = async () => (await request({ url: '/health/ready' })).statusCode;

  assert.equal(await ready(), 200);
  await postgres.stop('kill');
  await until('it is not ready', async () => (await ready()) === 503);
  assert.equal((await request({ url: '/health/live' })).statusCode, 200);

  await postgres.start();
  await until('it is ready again', async () => (await ready()) === 200);
});

test('probes, however many, take one connection of the pool', async (t) => {
  const { db, request } = await openApp(t, { poolOptions: { applicationName: 'probed' } });

  const responses = await Promise.all(Array.from({ length: 100 }, () => request({ url: '/health/ready' })));

  assert.ok(responses.every(({ statusCode }) => statusCode === 200));
  const { rowCount } = await db.query(`SELECT FROM pg_stat_activity WHERE application_name = 'probed'`);
  assert.equal(rowCount, 1);
});

test('a process that has not finished its start is alive and not ready', async (t) => {
  const { request } = await openApp(t, { isStarted: () => false });

  assert.equal((await request({ url: '/health/live' })).statusCode, 200);
  assert.equal((await request({ url: '/health/ready' })).statusCode, 503);
});
