import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MessageQueue } from '../../../dev/service-bus/message-queue.ts';
import type { ReceiveLimits } from '../../../dev/service-bus/namespace-config.ts';
import { encoded } from './encoded.ts';

const limits: ReceiveLimits = {
  name: 'q',
  lockDurationMs: 1_000,
  maxDeliveryCount: 3,
  defaultTimeToLiveMs: Number.POSITIVE_INFINITY,
  deadLetterOnExpiration: false,
  requiresSession: false,
};

test('messages are handed out in the order in which they came', () => {
  const { queue } = queueOf(['a', 'b', 'c']);

  assert.deepEqual(
    [take(queue, 0), take(queue, 0), take(queue, 0), take(queue, 0)],
    ['a', 'b', 'c', undefined],
  );
  assert.deepEqual([queue.count, queue.sizeBytes], [0, 0]);
});

test('an abandoned message is handed out before those that came after it', () => {
  const { queue } = queueOf(['a', 'b', 'c']);
  const first = lock(queue, 0);
  lock(queue, 0);

  queue.settle(first, { kind: 'abandon' }, 1);

  assert.deepEqual([take(queue, 1), take(queue, 1)], ['a', 'c']);
});

test('a lock ends when its time is over: not before, and not to be settled after', () => {
  const { queue } = queueOf(['a']);
  const token = lock(queue, 0);

  queue.expire(999);
  assert.equal(take(queue, 999), undefined);
  assert.equal(queue.nextDeadline(), 1_000);
  assert.equal(queue.settle(token, { kind: 'complete' }, 1_000), 'lockLost');
  queue.expire(1_000);

  assert.equal(queue.lock(1_000)?.deliveryCount, 1);
});

test('a renewed lock lasts its whole time from then on', () => {
  const { queue } = queueOf(['a', 'b']);
  const first = lock(queue, 0);
  const second = lock(queue, 0);

  assert.equal(queue.renewLock(first, 900), 1_900);
  queue.expire(1_000);

  assert.equal(queue.renewLock(second, 1_000), undefined);
  assert.equal(queue.settle(first, { kind: 'complete' }, 1_899), 'settled');
  assert.equal(take(queue, 1_899), 'b');
});

test('the last delivery allowed that fails moves a message to the dead letters', () => {
  const { queue, deadLetters } = queueOf(['a']);

  for (let delivery = 0; delivery < 3; delivery++) {
    assert.equal(deadLetters.count, 0);
    queue.settle(lock(queue, delivery), { kind: 'abandon' }, delivery);
  }

  assert.equal(queue.count, 0);
  const [dead] = deadLetters.peek(0, 1);
  assert.equal(dead?.changedProperties?.['DeadLetterReason'], 'MaxDeliveryCountExceeded');
});

test('an expired message is never handed out, also when nothing has swept it away', () => {
  const { queue } = queueOf([]);
  queue.enqueue(encoded({ message_id: 'a', ttl: 100 }), 0);
  queue.enqueue(encoded({ message_id: 'b' }), 0);

  assert.equal(queue.nextDeadline(), 100);
  assert.equal(take(queue, 100), 'b');
  assert.equal(queue.count, 0);
});

test('a message that expires while it is locked can still be completed', () => {
  const { queue } = queueOf([]);
  queue.enqueue(encoded({ message_id: 'a', ttl: 100 }), 0);
  const token = lock(queue, 0);

  queue.expire(500);

  assert.equal(queue.settle(token, { kind: 'complete' }, 500), 'settled');
});

test('a message that expired while it was locked is removed when it comes back', () => {
  const { queue } = queueOf([]);
  queue.enqueue(encoded({ message_id: 'a', ttl: 100 }), 0);
  lock(queue, 0);
  queue.expire(500);

  queue.expire(1_000);

  assert.equal(queue.count, 0);
});

test('a scheduled message becomes the newest when its time comes', () => {
  const { queue } = queueOf([]);
  queue.enqueue(encoded({ message_id: 'later' }), 0, { activeAt: 500 });
  queue.enqueue(encoded({ message_id: 'now' }), 0);
  assert.equal(queue.nextDeadline(), 500);

  queue.expire(500);

  assert.deepEqual([take(queue, 500), take(queue, 500)], ['now', 'later']);
});

test('a deferred message stays deferred when the lock on it expires', () => {
  const { queue } = queueOf(['a']);
  queue.settle(lock(queue, 0), { kind: 'defer' }, 0);
  queue.receiveDeferred([1], true, 0);

  queue.expire(1_000);

  assert.equal(take(queue, 1_000), undefined);
  assert.equal(queue.receiveDeferred([1], false, 1_000)?.length, 1);
});

test('deferred messages are received all or none', () => {
  const { queue } = queueOf(['a', 'b']);
  queue.settle(lock(queue, 0), { kind: 'defer' }, 0);

  assert.equal(queue.receiveDeferred([1, 2], true, 0), undefined);
  assert.equal(queue.receiveDeferred([1], true, 0)?.length, 1);
});

test('sessions do not mix, and what is locked in one comes back in order when it is released', () => {
  const queue = new MessageQueue('q', { ...limits, requiresSession: true });
  for (const [message_id, group_id] of [
    ['a1', 'a'],
    ['b1', 'b'],
    ['a2', 'a'],
  ]) {
    queue.enqueue(encoded({ message_id, group_id }), 0);
  }
  assert.deepEqual(queue.readySessions(), ['a', 'b']);
  queue.lock(0, 'a');
  queue.lock(0, 'a');
  assert.deepEqual(queue.readySessions(), ['b']);

  queue.releaseSession('a', false, 10_000);

  assert.deepEqual([take(queue, 0, 'a'), take(queue, 0, 'a'), take(queue, 0, 'b')], ['a1', 'a2', 'b1']);
});

function queueOf(ids: readonly string[]) {
  const deadLetters = new MessageQueue('q/$DeadLetterQueue', limits);
  const queue = new MessageQueue('q', limits, deadLetters);
  for (const message_id of ids) queue.enqueue(encoded({ message_id }), 0);
  return { queue, deadLetters };
}

function take(queue: MessageQueue, now: number, sessionId?: string): string | undefined {
  return queue.take(now, sessionId)?.encoded.messageId;
}

function lock(queue: MessageQueue, now: number): string {
  const token = queue.lock(now)?.lockToken;
  assert.ok(token);
  return token;
}
