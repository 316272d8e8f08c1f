import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { MessageQueue } from '../../../dev/service-bus/message-queue.ts';
import { QueueEntity, type SessionOwner } from '../../../dev/service-bus/queue-entity.ts';
import { encoded } from './encoded.ts';

test('a receiver that has lost its session does not give back what the next one has locked', (t) => {
  // Its link was closed after the other one had begun, and unlocked the other's messages.
  const { entity, setNow } = sessionQueue(t);
  const lost: string[] = [];
  const first: SessionOwner = { sessionLockLost: () => lost.push('first') };
  const second: SessionOwner = { sessionLockLost: () => lost.push('second') };
  entity.acceptSession('s', first);
  setNow(1_000);
  entity.acceptSession('s', second);
  const token = entity.queue.lock(1_000, 's')?.lockToken;
  assert.ok(token);

  entity.releaseSession('s', first);

  assert.equal(entity.queue.settle(token, { kind: 'complete' }, 1_000), 'settled');
});

test('a session that nobody renews is taken away, with what is locked in it', (t) => {
  const { entity, setNow } = sessionQueue(t);
  const errors: string[] = [];
  entity.acceptSession('s', { sessionLockLost: ({ condition }) => errors.push(condition) });
  entity.queue.lock(0, 's');

  setNow(1_000);
  entity.expireSessions(1_000);

  assert.deepEqual(errors, ['com.microsoft:session-lock-lost']);
  assert.equal(entity.queue.lock(1_000, 's')?.deliveryCount, 1);
});

function sessionQueue(t: TestContext) {
  let now = 0;
  const queue = new MessageQueue('q', {
    name: 'q',
    lockDurationMs: 1_000,
    maxDeliveryCount: 10,
    defaultTimeToLiveMs: Number.POSITIVE_INFINITY,
    deadLetterOnExpiration: false,
    requiresSession: true,
  });
  queue.enqueue(encoded({ message_id: 'm1', group_id: 's' }), 0);
  const entity = new QueueEntity(queue, 1_000, () => now);
  t.after(() => entity.pump.close());
  return {
    entity,
    setNow: (value: number) => {
      now = value;
    },
  };
}
