import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { LightMyRequestResponse } from 'fastify';
import { openApp, type TestApp } from '../support/app.ts';
import {
  arriveLate,
  type CommitFault,
  cut,
  halfOpen,
  hangUp,
  loseAnswer,
  onCommit,
  slowCommits,
  terminateAtCommit,
  terminateBefore,
} from '../support/commit-faults.ts';
import { createDatabase } from '../support/database.ts';
import { tutorialOrder } from '../support/orders.ts';
import { openTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';

const KEY = { 'idempotency-key': 'key-1' };
const FAULTS: [what: string, fault: CommitFault, isStored: boolean][] = [
  ['before COMMIT arrives', cut, false],
  ['before its answer arrives', loseAnswer, true],
  ['for the api alone, and COMMIT never arrives', halfOpen, false],
  ['for the api alone, and COMMIT arrives late', arriveLate, true],
  ['with the process, before COMMIT arrives', terminateBefore, false],
];

for (const [what, fault, isStored] of FAULTS) {
  test(`a connection that is lost ${what}: what was asked for is answered if it is stored, and else refused`, async (t) => {
    const { app, proxy } = await openBehindProxy(t);
    const { orderId } = (await app.post(tutorialOrder())).json();

    const asked: [request: () => Promise<LightMyRequestResponse>, status: number][] = [
      [() => app.post(tutorialOrder()), 201],
      [() => app.post(tutorialOrder(), KEY), 201],
      [() => app.cancel(orderId, undefined, KEY), 200],
    ];
    for (const [request, status] of asked) {
      const before = await state(app);
      const befallen = onCommit(proxy, app.db, fault);
      const answer = await request();
      const hasChanged = (await state(app)) !== before;
      assert.equal(befallen.times, 1);
      assert.deepEqual(
        [answer.statusCode, hasChanged],
        isStored ? [status, true] : [503, false],
        answer.body,
      );
      if (!isStored) assertNothingChanged(answer);
    }
    const again = await app.post(tutorialOrder(), KEY);
    assert.deepEqual(
      [again.statusCode, again.headers['idempotency-replayed']],
      [201, isStored ? 'true' : undefined],
    );
  });
}

test('a COMMIT that PostgreSQL goes on with after the api has lost it is waited for, and its order is answered', async (t) => {
  const { app, proxy } = await openBehindProxy(t);
  await slowCommits(app.db, 0.3);
  onCommit(proxy, app.db, hangUp);

  const answer = await app.post(tutorialOrder(), KEY);

  assert.equal(answer.statusCode, 201, answer.body);
  assert.equal((await app.request({ url: answer.headers.location as string })).statusCode, 200);
});

test('a process that is ended in the middle of COMMIT takes the order with it, and the answer says so', async (t) => {
  const { app, proxy } = await openBehindProxy(t);
  await slowCommits(app.db, 60);
  onCommit(proxy, app.db, hangUp);

  const answer = app.post(tutorialOrder());
  await terminateAtCommit(app.db);

  assertNothingChanged(await answer);
  assert.deepEqual(await app.rowCounts(), [0, 0, 0]);
});

test('a COMMIT that takes too long is ended, and the answer says that nothing was stored', async (t) => {
  const { app, proxy } = await openBehindProxy(t);
  await slowCommits(app.db, 60);
  onCommit(proxy, app.db, hangUp);

  assertNothingChanged(await app.post(tutorialOrder()));
  assert.deepEqual(await app.rowCounts(), [0, 0, 0]);
});

test('a repeat of a cancel that changes nothing is kept or not as it is answered', async (t) => {
  const { app, proxy } = await openBehindProxy(t);
  const { orderId } = (await app.post(tutorialOrder())).json();
  await app.cancel(orderId);

  onCommit(proxy, app.db, cut);
  const plain = await app.cancel(orderId);
  onCommit(proxy, app.db, cut);
  const lost = await app.cancel(orderId, undefined, KEY);
  onCommit(proxy, app.db, loseAnswer);
  const kept = await app.cancel(orderId, undefined, KEY);
  const again = await app.cancel(orderId, undefined, KEY);

  assert.deepEqual([plain.statusCode, kept.statusCode, again.body], [200, 200, kept.body]);
  assertNothingChanged(lost);
  assert.equal(kept.headers['idempotency-replayed'], undefined);
  assert.equal(again.headers['idempotency-replayed'], 'true');
});

test('where activity is not tracked, an open transaction is seen all the same', async (t) => {
  const { app, proxy } = await openBehindProxy(t, 'track_activities = off');
  onCommit(proxy, app.db, arriveLate);

  assert.equal((await app.post(tutorialOrder())).statusCode, 201);
});

test('while the database cannot be asked, the order may exist, and the same request with its key says so later', async (t) => {
  const { app, proxy } = await openBehindProxy(t);
  onCommit(proxy, app.db, (_data, link) => {
    link.muteServer();
    proxy.onClientData = (_later, { client, server }) => {
      for (const socket of [client, server]) socket.destroy();
    };
    link.server.once('data', () => link.client.destroy());
  });

  const answer = await app.post(tutorialOrder(), KEY);
  proxy.onClientData = () => undefined;
  const again = await app.post(tutorialOrder(), KEY);

  const { type, detail } = answer.json();
  assert.deepEqual(
    [answer.statusCode, type, answer.headers['retry-after']],
    [503, 'urn:order-service:problem:commit-uncertain', '2'],
  );
  assert.match(detail, /may exist or not.*Idempotency-Key, send it again with the same key/);
  assert.deepEqual([again.statusCode, again.headers['idempotency-replayed']], [201, 'true']);
  assert.deepEqual(await app.rowCounts(), [1, 2, 1]);
});

async function openBehindProxy(t: TestContext, setting?: string): Promise<{ app: TestApp; proxy: TcpProxy }> {
  const database = await createDatabase(t);
  if (setting) await database.pool.query(`ALTER DATABASE ${database.name} SET ${setting}`);
  const proxy = await openTcpProxy(t, Number(new URL(database.url).port));
  const url = (direct: string) => Object.assign(new URL(direct), { port: String(proxy.port) }).href;
  return { app: await openApp(t, { database, url }), proxy };
}

/** All that a command may change. */
async function state({ db }: TestApp): Promise<string> {
  const { rows } =
    await db.query(`SELECT (SELECT json_agg(o) FROM (SELECT order_id, version FROM orders) o)::text AS orders,
    (SELECT count(*) FROM outbox) AS events, (SELECT count(*) FROM idempotency_keys) AS keys`);
  return JSON.stringify(rows);
}

function assertNothingChanged(answer: LightMyRequestResponse): void {
  assert.equal(answer.statusCode, 503, answer.body);
  const { type, detail } = answer.json();
  assert.equal(type, 'urn:order-service:problem:database-unavailable');
  assert.match(detail, /Nothing was changed/);
}
