import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ReceivedMessage } from '../../../../src/inbox/received-message.ts';
import { until } from '../../../support/until.ts';
import {
  aborted,
  complete,
  deadLetter,
  leftAt,
  numbered,
  openBus,
  send,
  start,
  withClient,
} from './support.ts';

const idsOf = (messages: readonly ReceivedMessage[], sessionId: string) =>
  messages.filter(({ aggregateId }) => aggregateId === sessionId).map(({ messageId }) => messageId);

test('the messages of a session are handled in order, one at a time, and sessions side by side', async (t) => {
  const bus = await openBus(t);
  const names = ['a', 'b', 'c', 'd'];
  for (const name of names) await send(bus, 'sessions', numbered(50, name));
  const handled: ReceivedMessage[] = [];
  const busy = new Set<string>();
  let together = 0;

  start(t, bus, {
    handle: async (message) => {
      const session = message.aggregateId ?? '';
      assert.ok(!busy.has(session), `${session} is handled twice at once`);
      busy.add(session);
      together = Math.max(together, busy.size);
      await new Promise((resolve) => setImmediate(resolve));
      busy.delete(session);
      handled.push(message);
      return complete;
    },
  });
  await until('all are handled', () => handled.length === 200);

  for (const name of names) {
    assert.deepEqual(
      idsOf(handled, name),
      numbered(50, name).map(({ messageId }) => messageId),
    );
  }
  assert.ok(together > 1, 'sessions are handled side by side');
  await until('all are completed', async () => (await leftAt(bus, 'sessions')).waiting.length === 0);
});

test('a message of a subscription comes in as it was sent', async (t) => {
  const bus = await openBus(t);
  const handled: ReceivedMessage[] = [];
  const from = { topic: 'events', subscription: 'inbox' };

  start(t, bus, {
    consumers: [{ name: 'events/inbox', from }],
    handle: (message) => {
      handled.push(message);
      return complete;
    },
  });
  await send(bus, 'events', [
    {
      messageId: 'm1',
      sessionId: 'o1',
      subject: 'PaymentProcessed',
      correlationId: 'c1',
      body: Buffer.from('{ "orderId": "o1" }'),
      applicationProperties: { aggregateVersion: 3, tenant: 't1' },
    },
  ]);
  const [message] = await until('it is handled', () => handled.length > 0 && handled);

  assert.equal(message?.messageId, 'm1');
  assert.equal(message?.type, 'PaymentProcessed');
  assert.equal(message?.body.toString(), '{ "orderId": "o1" }');
  assert.equal(message?.aggregateId, 'o1');
  assert.equal(message?.aggregateVersion, 3);
  assert.equal(message?.correlationId, 'c1');
  assert.deepEqual(message?.metadata, { tenant: 't1' });
  assert.equal(message?.deliveryCount, 1);
  assert.equal(message?.sequenceNumber, 1n);
});

test('a body that is an AMQP value comes in as JSON', async (t) => {
  const bus = await openBus(t);
  const bodies: string[] = [];

  start(t, bus, {
    handle: ({ body }) => {
      bodies.push(body.toString());
      return complete;
    },
  });
  await withClient(bus, (client) =>
    client.createSender('sessions').sendMessages({
      properties: { groupId: 's' },
      body: { orderId: 'o1' },
      bodyType: 'value',
    }),
  );
  await until('it is handled', () => bodies.length > 0);

  assert.deepEqual(bodies, ['{"orderId":"o1"}']);
});

test('neighbours with different outcomes each get their own', async (t) => {
  const bus = await openBus(t);
  await send(bus, 'sessions', numbered(40, 's'));

  const subject = start(t, bus, {
    handle: ({ messageId }) => (Number(messageId?.slice(2)) % 2 === 0 ? deadLetter : complete),
  });
  await until('all are settled', async () => (await leftAt(bus, 'sessions')).waiting.length === 0);
  await subject.close();

  const even = numbered(40, 's').filter((_, n) => n % 2 === 1);
  assert.deepEqual(
    (await leftAt(bus, 'sessions')).dead,
    even.map(({ messageId }) => messageId),
  );
});

test('a dead letter says why', async (t) => {
  const bus = await openBus(t);
  await send(bus, 'sessions', numbered(1, 's'));

  start(t, bus, { handle: () => ({ ...deadLetter, description: 'x'.repeat(5_000) }) });
  await until('it is dead', async () => (await leftAt(bus, 'sessions')).dead.length === 1);

  await withClient(bus, async (client) => {
    const [dead] = await client.createReceiver('sessions', { subQueueType: 'deadLetter' }).peekMessages(1);
    assert.equal(dead?.deadLetterReason, 'Invalid');
    assert.equal(dead?.deadLetterErrorDescription, 'x'.repeat(4_096));
  });
});

test('a session with a long backlog gives way to others', async (t) => {
  const bus = await openBus(t);
  await send(bus, 'sessions', numbered(300, 'long'));
  await send(bus, 'sessions', numbered(1, 'short'));
  const handled: ReceivedMessage[] = [];

  start(t, bus, {
    concurrency: 1,
    timing: { messagesPerTurn: 20 },
    handle: (message) => {
      handled.push(message);
      return complete;
    },
  });
  await until('all are handled', () => handled.length === 301);

  assert.equal(handled[20]?.messageId, 'short-1');
  assert.deepEqual(
    idsOf(handled, 'long'),
    numbered(300, 'long').map(({ messageId }) => messageId),
  );
});

test('a session stays with whoever has it for as long as a message of it is handled', async (t) => {
  const bus = await openBus(t, { lockDurationMs: 1_500 });
  await send(bus, 'sessions', numbered(2, 's'));
  const ended = Promise.withResolvers<void>();
  const handled: string[] = [];
  const startedAt = Date.now();

  for (const process of ['one', 'two']) {
    start(t, bus, {
      handle: async ({ messageId, deliveryCount }) => {
        handled.push(`${messageId} ${deliveryCount}`);
        await ended.promise;
        return complete;
      },
    });
    await until(`${process} has begun`, () => handled.length > 0);
  }
  await until('its lock would be over twice', () => Date.now() - startedAt > 3_000);
  ended.resolve();
  await until('all are completed', async () => (await leftAt(bus, 'sessions')).waiting.length === 0);

  assert.deepEqual(handled, ['s-1 1', 's-2 1']);
});

test('two processes keep the order of each session', async (t) => {
  const bus = await openBus(t);
  const names = Array.from({ length: 12 }, (_, n) => `s${n}`);
  for (const name of names) await send(bus, 'sessions', numbered(20, name));
  const handled: ReceivedMessage[] = [];
  const handledBy = [0, 0];

  for (const process of [0, 1]) {
    start(t, bus, {
      concurrency: 2,
      handle: async (message) => {
        handledBy[process] = (handledBy[process] ?? 0) + 1;
        handled.push(message);
        await new Promise((resolve) => setImmediate(resolve));
        return complete;
      },
    });
  }
  await until('all are handled', () => handled.length >= 240);

  assert.ok(
    handledBy.every((count) => count > 0),
    `${handledBy.join()}`,
  );
  for (const name of names) {
    assert.deepEqual(
      idsOf(handled, name),
      numbered(20, name).map(({ messageId }) => messageId),
    );
  }
});

test('a stop lets what is in hand be finished, takes nothing more, and burns no delivery', async (t) => {
  const bus = await openBus(t);
  await send(bus, 'sessions', numbered(10, 's'));
  const handled: string[] = [];
  const finish = Promise.withResolvers<void>();
  const subject = start(t, bus, {
    handle: async ({ messageId }) => {
      handled.push(String(messageId));
      if (handled.length === 3) await finish.promise;
      return complete;
    },
  });
  await until('the third is in hand', () => handled.length === 3);

  const closed = subject.close();
  finish.resolve();
  await closed;
  const deliveries: number[] = [];
  start(t, bus, {
    handle: ({ deliveryCount }) => {
      deliveries.push(deliveryCount);
      return complete;
    },
  });
  await until('the others are handled', () => deliveries.length === 7);

  assert.deepEqual(handled, ['s-1', 's-2', 's-3']);
  assert.deepEqual(
    deliveries,
    Array.from({ length: 7 }, () => 1),
  );
});

test('a stop lets go of what is not finished in time, and it comes to another one at once', async (t) => {
  const bus = await openBus(t);
  await send(bus, 'sessions', numbered(1, 's'));
  let told: unknown;
  const subject = start(t, bus, {
    timing: { finishMs: 100 },
    handle: async (_message, lost) => {
      await aborted(lost);
      told = lost.reason;
      return { kind: 'release', afterMs: 0 };
    },
  });
  await until('it is in hand', () => subject.states.includes('receives'));

  await subject.close();
  const deliveries: number[] = [];
  start(t, bus, {
    handle: ({ deliveryCount }) => {
      deliveries.push(deliveryCount);
      return complete;
    },
  });
  await until('it is handled', () => deliveries.length === 1);

  assert.match(String(told), /The process ends/);
  assert.deepEqual(deliveries, [1]);
});

test('a stop while nothing comes does not wait for a session', async (t) => {
  const bus = await openBus(t);
  const subject = start(t, bus, { timing: { acceptMs: 60_000 }, handle: () => complete });
  await until('it waits', () => subject.states.includes('idle'));

  await subject.close();
  await subject.close();

  assert.deepEqual(subject.states, ['idle']);
});
