import assert from 'node:assert/strict';
import { test } from 'node:test';
import rhea from 'rhea';
import type { ReceivedMessage } from '../../../../src/inbox/received-message.ts';
import { until } from '../../../support/until.ts';
import { aborted, complete, deadLetter, leftAt, numbered, openBus, send, start } from './support.ts';

test('so many are handled at once, and no others are locked', async (t) => {
  const bus = await openBus(t);
  await send(bus, 'plain', numbered(20));
  const inHand = new Set<string>();
  const finish = Promise.withResolvers<void>();
  const others: string[] = [];

  start(t, bus, {
    sessions: false,
    concurrency: 4,
    handle: async ({ messageId }) => {
      inHand.add(String(messageId));
      await finish.promise;
      return complete;
    },
  });
  await until('four are in hand', () => inHand.size === 4);
  start(t, bus, {
    sessions: false,
    handle: ({ messageId }) => {
      others.push(String(messageId));
      return complete;
    },
  });
  await until('another one has had all others', () => others.length === 16);
  assert.equal(inHand.size, 4);
  finish.resolve();

  await until('all are completed', async () => (await leftAt(bus, 'plain')).waiting.length === 0);
});

test('neighbours with different outcomes each get their own', async (t) => {
  const bus = await openBus(t);
  await send(bus, 'plain', numbered(40));

  start(t, bus, {
    sessions: false,
    concurrency: 8,
    handle: ({ messageId }) => (Number(messageId) % 2 === 0 ? deadLetter : complete),
  });
  await until('all are settled', async () => (await leftAt(bus, 'plain')).waiting.length === 0);

  const even = numbered(40).filter((_, n) => n % 2 === 1);
  const { dead } = await leftAt(bus, 'plain');
  assert.deepEqual(
    dead.sort((a, b) => Number(a) - Number(b)),
    even.map(({ messageId }) => messageId),
  );
});

test('a message stays locked for as long as it is handled', async (t) => {
  const bus = await openBus(t, { lockDurationMs: 1_500 });
  await send(bus, 'plain', numbered(1));
  const finish = Promise.withResolvers<void>();
  const handled: string[] = [];
  const startedAt = Date.now();

  for (const process of ['one', 'two']) {
    start(t, bus, {
      sessions: false,
      handle: async () => {
        handled.push(process);
        await finish.promise;
        return complete;
      },
    });
    await until('it is in hand', () => handled.length > 0);
  }
  await until('its lock would be over twice', () => Date.now() - startedAt > 3_000);
  finish.resolve();
  await until('it is completed', async () => (await leftAt(bus, 'plain')).waiting.length === 0);

  assert.equal(handled.length, 1);
});

test('one that is released stays locked, is handled again after a while, and burns no delivery', async (t) => {
  const bus = await openBus(t, { lockDurationMs: 1_500 });
  await send(bus, 'plain', numbered(1));
  const deliveries: number[] = [];

  start(t, bus, {
    sessions: false,
    handle: ({ deliveryCount }) => {
      deliveries.push(deliveryCount);
      return deliveries.length <= 3 ? { kind: 'release', afterMs: 1_000 } : complete;
    },
  });
  await until('it is completed', async () => (await leftAt(bus, 'plain')).waiting.length === 0);

  assert.deepEqual(deliveries, [1, 1, 1, 1]);
});

test('a stop lets what is in hand be finished', async (t) => {
  const bus = await openBus(t);
  await send(bus, 'plain', numbered(4));
  const finish = Promise.withResolvers<void>();
  let handled = 0;
  const subject = start(t, bus, {
    sessions: false,
    handle: async () => {
      handled++;
      await finish.promise;
      return complete;
    },
  });
  await until('all are in hand', () => handled === 4);

  const closed = subject.close();
  finish.resolve();
  await closed;

  assert.deepEqual((await leftAt(bus, 'plain')).waiting, []);
});

test('a stop gives back what is not finished in time, and another one has it at once', async (t) => {
  const bus = await openBus(t);
  await send(bus, 'plain', numbered(1));
  const subject = start(t, bus, {
    sessions: false,
    timing: { finishMs: 100 },
    handle: async (_message, lost) => {
      await aborted(lost);
      return { kind: 'release', afterMs: 0 };
    },
  });
  await until('it is in hand', () => subject.states.includes('receives'));

  await subject.close();
  const deliveries: number[] = [];
  start(t, bus, {
    sessions: false,
    handle: ({ deliveryCount }) => {
      deliveries.push(deliveryCount);
      return complete;
    },
  });
  await until('it is handled', () => deliveries.length === 1);

  // Without a session nothing is given back uncounted.
  assert.deepEqual(deliveries, [2]);
});

test('properties that are bytes, as a uuid is, come in as what they are in hexadecimal', async (t) => {
  const bus = await openBus(t);
  const uuid = '0193c0ffee007abc8def0123456789ab';
  // The SDK sends what rhea has wrapped as the type that it is.
  const aggregateId = rhea.types.wrap_uuid(Buffer.from(uuid, 'hex')) as unknown as string;
  await send(bus, 'plain', [{ messageId: '1', body: '', applicationProperties: { aggregateId } }]);
  const received: ReceivedMessage[] = [];

  start(t, bus, {
    sessions: false,
    handle: (message) => {
      received.push(message);
      return complete;
    },
  });
  await until('it is received', () => received.length === 1);

  assert.equal(received[0]?.aggregateId, uuid);
});
