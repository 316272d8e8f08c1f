import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ServiceBusClient } from '@azure/service-bus';
import { cleanup } from './cleanup.ts';
import { receiveSessions } from './receive-sessions.ts';
import { createBus } from './relay.ts';
import { type Link, openTcpProxy } from './tcp-proxy.ts';
import { until } from './until.ts';

/** More than what the SDK waits for a message, and then for the answer to its drain. */
const LATE_MS = 400;

// On a machine with much to do a test failed with the code SessionLockLost, while the broker held every lock for a minute: the
// SDK itself had closed the link, since the answer to its drain had not come within 200 ms, and a message had.
test('receivers that hear of a message late get every one once, and those of a session in order', async (t) => {
  const bus = await createBus(t, { sessions: true });
  const proxy = await openTcpProxy(t, bus.port);
  const links = new Set<Link>();
  proxy.onClientData = (_data, link) => links.add(link);
  const connectionString = bus.connectionString.replace(String(bus.port), String(proxy.port));
  const { messages } = receiveSessions(t, connectionString, 'orders', { width: 2, lastOfSession: 'Last' });
  const client = new ServiceBusClient(bus.connectionString);
  cleanup(t, () => client.close());
  const sender = client.createSender('orders');
  const send = (sessionId: string, subject: string) =>
    sender.sendMessages({ body: Buffer.from('{}'), sessionId, subject });
  const sessions = ['a', 'b', 'c'];

  for (const [n, session] of sessions.entries()) {
    await send(session, 'First');
    await until(`a receiver has ${session}`, () => messages.length > 3 * n);
    for (const { server } of links) server.pause();
    await send(session, 'Second');
    await sleep(LATE_MS);
    for (const { server } of links) server.resume();
    await send(session, 'Last');
    await until(`all of ${session} is received`, () => messages.length >= 3 * (n + 1));
  }

  assert.deepEqual(
    messages.map(({ sessionId, subject }) => `${sessionId} ${subject}`),
    sessions.flatMap((session) => ['First', 'Second', 'Last'].map((subject) => `${session} ${subject}`)),
  );
});
