import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SessionLocks } from '../../../dev/service-bus/session-locks.ts';

test('a session has one owner until its lock expires', () => {
  const locks = new SessionLocks<string>(1_000);

  assert.equal(locks.accept('s', 'first', 0), 1_000);
  assert.equal(locks.accept('s', 'second', 999), undefined);
  assert.equal(locks.accept('s', 'second', 1_000), 2_000);
});

test('the first session that nobody holds is free', () => {
  const locks = new SessionLocks<string>(1_000);
  locks.accept('a', 'first', 0);

  assert.equal(locks.free(['a', 'b'], 0), 'b');
  assert.equal(locks.free(['a'], 0), undefined);
  assert.equal(locks.free(['a'], 1_000), 'a');
});

test('only its owner releases a session', () => {
  const locks = new SessionLocks<string>(1_000);
  locks.accept('s', 'first', 0);

  locks.release('s', 'second');
  assert.equal(locks.free(['s'], 0), undefined);
  locks.release('s', 'first');
  assert.equal(locks.free(['s'], 0), 's');
});

test('expired locks are taken out once, the renewed ones left', () => {
  const locks = new SessionLocks<string>(1_000);
  locks.accept('a', 'first', 0);
  locks.accept('b', 'second', 0);
  assert.equal(locks.renew('a', 500), 1_500);

  assert.equal(locks.nextDeadline(), 1_000);
  assert.deepEqual(
    locks.expire(1_000).map(({ sessionId, owner }) => [sessionId, owner]),
    [['b', 'second']],
  );
  assert.deepEqual(
    [locks.expire(1_000), locks.renew('b', 1_000), locks.nextDeadline()],
    [[], undefined, 1_500],
  );
});
