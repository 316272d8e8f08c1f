import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { openTcpProxy } from '../../../support/tcp-proxy.ts';
import { until } from '../../../support/until.ts';
import { counted } from './messages.ts';
import { counts, createInboxDatabase, openHandler } from './open-handler.ts';

const COMPLETE = { kind: 'complete' };
const isCommit = (data: Buffer) => /\bcommit\b/.test(data.toString('latin1'));

test('a message whose COMMIT is lost is tried again, and is handled once', async (t) => {
  const { database, proxy, url } = await openBehindProxy(t);
  const { handle, fates, errors } = openHandler(t, database, { url });
  let cut = true;
  proxy.onClientData = (data, { client, server }) => {
    if (!cut || !isCommit(data)) return;
    cut = false;
    for (const socket of [client, server]) socket.destroy();
  };

  assert.deepEqual(await handle(counted(1)), COMPLETE);

  assert.deepEqual([fates, errors.map(codeOf)], [['handled'], ['DATABASE_UNAVAILABLE']]);
  assert.deepEqual(await counts(database.pool), [1]);
});

test('a message of which only the answer to COMMIT is lost is found to be handled', async (t) => {
  const { database, proxy, url } = await openBehindProxy(t);
  const { handle, fates, errors } = openHandler(t, database, { url });
  let cut = true;
  proxy.onClientData = (data, link) => {
    if (!cut || !isCommit(data)) return;
    cut = false;
    link.muteServer();
    link.server.once('data', () => link.client.destroy()); // the server has answered: it is committed
  };

  assert.deepEqual(await handle(counted(1)), COMPLETE);

  assert.deepEqual([fates, errors.map(codeOf)], [['handled'], []]);
  assert.deepEqual(await counts(database.pool), [1]);
});

test('a process that ends between COMMIT and complete: the next one finds that the message was handled', async (t) => {
  const database = await createInboxDatabase(t);
  const [first, second] = [openHandler(t, database), openHandler(t, database)];
  const message = counted(1);
  await first.handle(message); // and nobody tells the broker

  assert.deepEqual(await second.handle({ ...message, deliveryCount: 2 }), COMPLETE);

  assert.deepEqual([second.fates, await counts(database.pool)], [['repeat'], [1]]);
});

test('while the database is away a message is tried again; it is let go when its lock is lost, and else handled', async (t) => {
  const { database, proxy, url } = await openBehindProxy(t);
  let isAway = true;
  proxy.onClientData = (_data, { client, server }) => {
    if (isAway) for (const socket of [client, server]) socket.destroy();
  };
  const { handle, fates, errors } = openHandler(t, database, { url, random: () => 0 });
  const lost = new AbortController();

  const [letGo, waits] = [handle(counted(1), lost.signal), handle(counted(2))];
  await until('both were tried several times', () => errors.length > 8);
  lost.abort();
  assert.equal((await letGo).kind, 'release');
  isAway = false;

  assert.deepEqual([await waits, fates], [COMPLETE, ['released', 'handled']]);
  assert.deepEqual(new Set(errors.map(codeOf)), new Set(['DATABASE_UNAVAILABLE']));
  assert.deepEqual(await counts(database.pool), [2]);
});

const codeOf = (error: unknown) => (error as { code?: string }).code;

async function openBehindProxy(t: TestContext) {
  const database = await createInboxDatabase(t);
  const proxy = await openTcpProxy(t, Number(new URL(database.url).port));
  const url = Object.assign(new URL(database.url), { port: String(proxy.port) }).href;
  return { database, proxy, url };
}
