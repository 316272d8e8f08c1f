import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Lease } from '../../../relay/replication/lease.ts';

// The server waits 8 s for a status, of which the lease uses 6. Times in milliseconds; started at 1,000.
const start = () => new Lease(1_000, 8_000);

test('it is held from the start of the stream for three quarters of what the server waits', () => {
  const lease = start();

  assert.deepEqual(
    [1_000, 6_999, 7_000].map((now) => lease.isHeld(now)),
    [true, true, false],
  );
});

test('the first status that the server has received proves no more than the start', () => {
  const lease = start();

  lease.answered(3_000, 'a');

  assert.deepEqual(
    [6_999, 7_000].map((now) => lease.isHeld(now)),
    [true, false],
  );
});

test('another status than in the answer before was received after the question before', () => {
  const lease = start();

  lease.answered(3_000, 'a');
  lease.answered(4_000, 'b');

  assert.deepEqual(
    [8_999, 9_000].map((now) => lease.isHeld(now)),
    [true, false],
  );
});

test('the same status again proves nothing, and the next one counts from the question before it', () => {
  const lease = start();

  lease.answered(3_000, 'a');
  lease.answered(4_000, 'a');
  assert.equal(lease.isHeld(7_000), false);
  lease.answered(5_000, 'b');

  assert.deepEqual(
    [9_999, 10_000].map((now) => lease.isHeld(now)),
    [true, false],
  );
});

test('an answer that is read late proves no more than if it had been read at once', () => {
  const lease = start();
  lease.answered(3_000, 'a');

  // Frozen here for half a minute; the answer was waiting in the socket.
  lease.answered(4_000, 'b');

  assert.equal(lease.isHeld(34_000), false);
});

test('a server that waits for ever never takes the slot away', () => {
  const patient = new Lease(1_000, 0);

  assert.equal(patient.isHeld(Number.MAX_SAFE_INTEGER), true);
});
