import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openApp } from '../../support/app.ts';
import { openCluster } from '../../support/cluster.ts';
import { tutorialOrder } from '../../support/orders.ts';
import { until } from '../../support/until.ts';

test('live asks nothing of anyone; ready follows the database down and back', async (t) => {
  const postgres = await openCluster(t);
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

test('a database that is slow to answer is there until it fails to, and its state is told when it changes', async (t) => {
  let answer = Promise.withResolvers<void>();
  let probes = 0;
  const { request, logs } = await openApp(t, {
    probeDatabase: () => {
      probes++;
      return answer.promise;
    },
  });
  const ready = async () => (await request({ url: '/health/ready' })).statusCode;

  const first = ready();
  answer.resolve();
  assert.equal(await first, 200);
  answer = Promise.withResolvers();
  const before = probes;
  await until('it has asked again', async () => {
    assert.equal(await ready(), 200, 'what it knew last');
    return probes > before;
  });
  assert.equal(await ready(), 200);
  answer.reject(new Error('no answer in time'));
  await until('it is not ready', async () => (await ready()) === 503);
  await until('it has failed twice', async () => {
    await ready();
    return probes > before + 2;
  });
  answer = Promise.withResolvers();
  answer.resolve();
  await until('it is ready again', async () => (await ready()) === 200);

  assert.deepEqual(
    logs.map(({ level, msg }) => [level, msg]).filter(([, msg]) => /database/.test(String(msg))),
    [
      ['warn', 'The database does not answer; not ready until it does'],
      ['info', 'The database answers again'],
    ],
  );
});

test('a process that stops is not ready, and serves what still comes', async (t) => {
  let stopping = false;
  const { request, post } = await openApp(t, { isStopping: () => stopping });
  assert.equal((await request({ url: '/health/ready' })).statusCode, 200);

  stopping = true;

  assert.equal((await request({ url: '/health/ready' })).statusCode, 503);
  assert.equal((await post(tutorialOrder())).statusCode, 201);
});
