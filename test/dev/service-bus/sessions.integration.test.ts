import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until } from '../../support/until.ts';
import { connect, failure, failureCode, openBroker, soon } from './support.ts';

test('a session is received in order, and by nobody else meanwhile', async (t) => {
  const bus = await openBroker(t, { queues: [{ name: 'q', requiresSession: true }] });
  const client = connect(t, bus.connectionString);
  const sender = client.createSender('q');
  for (const sessionId of ['a', 'b']) {
    await sender.sendMessages(['1', '2', '3'].map((messageId) => ({ messageId, sessionId, body: 'x' })));
  }

  const receiver = await client.acceptSession('q', 'b');
  const code = await failureCode(client.acceptSession('q', 'b'));
  const received = await receiver.receiveMessages(3, soon);

  assert.equal(code, 'SessionCannotBeLocked');
  assert.deepEqual(
    received.map((message) => [message.sessionId, message.messageId]),
    [
      ['b', '1'],
      ['b', '2'],
      ['b', '3'],
    ],
  );
});

test('an abandoned message comes back to its place in the session', async (t) => {
  const bus = await openBroker(t, { queues: [{ name: 'q', requiresSession: true }] });
  const client = connect(t, bus.connectionString);
  await client
    .createSender('q')
    .sendMessages(['1', '2'].map((messageId) => ({ messageId, sessionId: 's', body: 'x' })));
  const receiver = await client.acceptSession('q', 's');

  const [first] = await receiver.receiveMessages(1, soon);
  assert.ok(first);
  await receiver.abandonMessage(first);
  const received = await receiver.receiveMessages(2, soon);

  assert.deepEqual(
    received.map((message) => message.messageId),
    ['1', '2'],
  );
});

test('the next session that is free is given out, each to one receiver', async (t) => {
  const bus = await openBroker(t, {
    topics: [{ name: 't', subscriptions: [{ name: 's', requiresSession: true }] }],
  });
  const client = connect(t, bus.connectionString);
  const sender = client.createSender('t');
  await sender.sendMessages({ messageId: '1', sessionId: 'a', body: 'x' });
  await sender.sendMessages({ messageId: '2', sessionId: 'b', body: 'x' });

  const receivers = [await client.acceptNextSession('t', 's'), await client.acceptNextSession('t', 's')];

  assert.deepEqual(receivers.map((receiver) => receiver.sessionId).sort(), ['a', 'b']);
  const lockedForMs = (receivers[0]?.sessionLockedUntilUtc.getTime() ?? 0) - Date.now();
  assert.ok(lockedForMs > 50_000 && lockedForMs <= 60_000, `${lockedForMs}`);
});

test('who waits for a session gets the one that comes', async (t) => {
  const bus = await openBroker(t, { queues: [{ name: 'q', requiresSession: true }] });
  const client = connect(t, bus.connectionString);
  const accepted = client.acceptNextSession('q');

  await connect(t, bus.connectionString).createSender('q').sendMessages({ sessionId: 'late', body: 'x' });

  assert.equal((await accepted).sessionId, 'late');
});

test('waiting for a session ends with a time-out when there is none', async (t) => {
  const bus = await openBroker(t, { queues: [{ name: 'q', requiresSession: true }] });
  const client = connect(t, bus.connectionString, { retryOptions: { maxRetries: 0, timeoutInMs: 1_500 } });

  assert.equal(await failureCode(client.acceptNextSession('q')), 'ServiceTimeout');
});

test('a closed session is free at once, and what was locked in it is not counted as delivered', async (t) => {
  const bus = await openBroker(t, { queues: [{ name: 'q', requiresSession: true }] });
  const client = connect(t, bus.connectionString);
  await client.createSender('q').sendMessages({ messageId: 'm1', sessionId: 's', body: 'x' });
  const first = await client.acceptSession('q', 's');
  await first.receiveMessages(1, soon);

  await first.close();
  const second = await client.acceptNextSession('q');
  const [message] = await second.receiveMessages(1, soon);

  assert.deepEqual([message?.messageId, message?.deliveryCount], ['m1', 0]);
});

test('a session whose lock expires is lost to its receiver', async (t) => {
  const bus = await openBroker(t, { queues: [{ name: 'q', requiresSession: true, lockDurationMs: 2_000 }] });
  const client = connect(t, bus.connectionString);
  await client.createSender('q').sendMessages({ messageId: 'm1', sessionId: 's', body: 'x' });
  const first = await client.acceptSession('q', 's', { maxAutoLockRenewalDurationInMs: 0 });
  const [lost] = await first.receiveMessages(1, soon);
  assert.ok(lost);

  const second = await client.acceptNextSession('q', { maxAutoLockRenewalDurationInMs: 0 });
  const [message] = await second.receiveMessages(1, soon);

  assert.deepEqual([message?.messageId, message?.deliveryCount], ['m1', 1]);
  assert.equal(await failureCode(first.completeMessage(lost)), 'SessionLockLost');
});

test('a session lock is renewed', async (t) => {
  const bus = await openBroker(t, { queues: [{ name: 'q', requiresSession: true, lockDurationMs: 2_000 }] });
  const client = connect(t, bus.connectionString);
  await client.createSender('q').sendMessages({ messageId: 'm1', sessionId: 's', body: 'x' });
  const receiver = await client.acceptSession('q', 's', { maxAutoLockRenewalDurationInMs: 0 });
  const lockedUntil = receiver.sessionLockedUntilUtc.getTime();

  await until('the first lock would have expired', async () => {
    await receiver.renewSessionLock();
    return Date.now() > lockedUntil + 100;
  });

  const [message] = await receiver.receiveMessages(1, soon);
  assert.equal(message?.messageId, 'm1');
});

test('a session keeps its state for the next receiver', async (t) => {
  const bus = await openBroker(t, { queues: [{ name: 'q', requiresSession: true }] });
  const client = connect(t, bus.connectionString);
  const first = await client.acceptSession('q', 's');
  assert.equal(await first.getSessionState(), null);

  await first.setSessionState({ step: 2 });
  await first.close();
  const second = await client.acceptSession('q', 's');

  assert.deepEqual(await second.getSessionState(), { step: 2 });
});

test('an entity with sessions is not received from without one, nor the other way round', async (t) => {
  const bus = await openBroker(t, { queues: [{ name: 'q', requiresSession: true }, { name: 'plain' }] });
  const client = connect(t, bus.connectionString);

  const without = await failure(client.createReceiver('q').receiveMessages(1));
  const within = await failureCode(client.acceptSession('plain', 's'));

  assert.match(without.message, /InvalidOperationError/);
  // What the SDK makes of any refusal of a session that it has named.
  assert.equal(within, 'SessionCannotBeLocked');
});

test('a message without a session is dead-lettered by a subscription that requires one', async (t) => {
  // The topic itself has taken it: so does the real service.
  const bus = await openBroker(t, {
    topics: [{ name: 't', subscriptions: [{ name: 's', requiresSession: true }] }],
  });
  const client = connect(t, bus.connectionString);

  await client.createSender('t').sendMessages({ messageId: 'm1', body: 'x' });
  const [dead] = await client
    .createReceiver('t', 's', { subQueueType: 'deadLetter' })
    .receiveMessages(1, soon);

  assert.deepEqual([dead?.messageId, dead?.deadLetterReason], ['m1', 'Session ID is null']);
});

test('who waits on a connection that was closed gets no session', async (t) => {
  const bus = await openBroker(t, { queues: [{ name: 'q', requiresSession: true }] });
  const gone = connect(t, bus.connectionString);
  const waiting = gone.acceptNextSession('q').catch(() => undefined);
  await connect(t, bus.connectionString).createSender('q').sendMessages({ sessionId: 'first', body: 'x' });
  await waiting;
  const forgotten = gone.acceptNextSession('q').catch(() => undefined);
  await gone.createReceiver('q').peekMessages(1);

  bus.faults.inject({ kind: 'closeIdle' });
  await forgotten;
  const client = connect(t, bus.connectionString);
  await client.createSender('q').sendMessages({ messageId: 'm1', sessionId: 'late', body: 'x' });

  const ids = [await client.acceptNextSession('q'), await client.acceptNextSession('q')].map(
    ({ sessionId }) => sessionId,
  );
  assert.deepEqual(ids.sort(), ['first', 'late']);
});
