import assert from 'node:assert/strict';
import { test } from 'node:test';
import { leftAt, numbered, openBus, send, withClient } from './support.ts';

// Why there is a SettlingLane. When this fails, rhea tells neighbours apart: the lane may go.
test('rhea 3.0.5 takes the outcome of a message for that of its neighbour, which is lost', async (t) => {
  const bus = await openBus(t);
  await send(bus, 'plain', numbered(2));

  await withClient(bus, async (client) => {
    const receiver = client.createReceiver('plain');
    const [first, second] = await receiver.receiveMessages(2, { maxWaitTimeInMs: 5_000 });
    assert.ok(first && second);
    await Promise.all([
      receiver.completeMessage(first),
      receiver.deadLetterMessage(second, {
        deadLetterReason: 'Invalid',
        deadLetterErrorDescription: 'orderId is missing',
      }),
    ]);
  });

  assert.deepEqual(await leftAt(bus, 'plain'), { waiting: [], dead: [] });
});

test('many completes may go out together', async (t) => {
  const bus = await openBus(t);
  await send(bus, 'plain', numbered(20));

  await withClient(bus, async (client) => {
    const receiver = client.createReceiver('plain');
    const messages = await receiver.receiveMessages(20, { maxWaitTimeInMs: 5_000 });
    const odd = messages.filter((_, n) => n % 2 === 0);
    await Promise.all(odd.map((message) => receiver.completeMessage(message)));
  });

  const even = numbered(20).filter((_, n) => n % 2 === 1);
  assert.deepEqual(
    (await leftAt(bus, 'plain')).waiting,
    even.map(({ messageId }) => messageId),
  );
});
