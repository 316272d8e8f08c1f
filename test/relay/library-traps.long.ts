import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readmeRelay } from '../support/relay-subject.ts';
import {
  brokerBlocked,
  commitsSideBySide,
  connectionBroken,
  eventHeld,
  eventHeldWhileOthersWrite,
  eventRefusedOnce,
  jsonRelayed,
  serverShutdown,
  slotTaken,
  transactionHalfSettled,
} from './library-trap-scenarios.ts';

// That the scenarios of library-traps.test.ts would find what they are there for: run on a relay written after the README
// of pg-logical-replication 2.5.0. When one of these fails with a later version, the library may have been mended.

test('acknowledge(lsn) confirms one byte too much: of two commits side by side the second is lost', async (t) => {
  const rounds = await commitsSideBySide(t, readmeRelay('acknowledge commits'), 10);

  for (const [n, { first, confirmedLsn, missing }] of rounds.entries()) {
    assert.equal(confirmedLsn, first.endLsn + 1n);
    // What is lost stays lost: each round adds its own.
    assert.equal(missing.length, n + 1);
  }
});

test('auto: false with the default timer confirms what was received', async (t) => {
  const { commit, confirmedLsn, missing } = await eventHeld(
    t,
    readmeRelay('acknowledge commits, default timer'),
  );

  assert.ok(confirmedLsn > commit.lsn);
  assert.deepEqual(missing, ['Held']);
});

test('a heartbeat answered with its position confirms what is in flight', async (t) => {
  const { commit, confirmedLsn, missing } = await eventHeldWhileOthersWrite(
    t,
    readmeRelay('acknowledge commits, answer heartbeats'),
  );

  assert.ok(confirmedLsn > commit.lsn);
  assert.deepEqual(missing, ['Held']);
});

test('each message acknowledged on its own confirms a commit before its rows are sent', async (t) => {
  const { commit, confirmedLsn, missing } = await transactionHalfSettled(
    t,
    readmeRelay('acknowledge messages'),
  );

  assert.ok(confirmedLsn > commit.lsn);
  assert.deepEqual(missing, ['Row2', 'Row3']);
});

for (const usage of ['auto', 'auto with flow control']) {
  test(`${usage}: what a handler rejects is confirmed`, async (t) => {
    const { missing, arrived } = await eventRefusedOnce(t, readmeRelay(usage));

    assert.deepEqual(missing, ['Refused']);
    assert.deepEqual(arrived, ['Next', 'Last 1']);
  });
}

test('subscribe() again on the same object begins at what was received: nothing comes again', async (t) => {
  const { missing } = await connectionBroken(t, readmeRelay('acknowledge commits'));

  assert.deepEqual(missing, ['Refused 1', 'Refused 2', 'Refused 3']);
});

test('a new object for each connection, not destroyed, leaves its connection behind', async (t) => {
  const usage = 'acknowledge commits, new objects';

  const { senders } = await slotTaken(t, readmeRelay(usage), readmeRelay(usage));

  assert.ok(senders > 4, `${senders}`);
});

for (const usage of ['auto', 'acknowledge commits, answer heartbeats']) {
  test(`${usage}: a fast shutdown of the server hangs for the byte too much`, async (t) => {
    const { ended } = await serverShutdown(t, readmeRelay(usage), 20_000);

    assert.equal(ended, false);
  });
}

test('flow control answers no keepalive while it is paused: the connection is lost', async (t) => {
  const { keptConnection } = await brokerBlocked(t, readmeRelay('acknowledge commits, flow control'));

  assert.ok(!keptConnection);
});

test('without flow control, everything is read into memory while the broker is silent', async (t) => {
  const { readAll, grownByMiB } = await brokerBlocked(t, readmeRelay('auto'));

  assert.ok(readAll);
  assert.ok(grownByMiB > 150, `${grownByMiB} MiB`);
});

test('a JSON body is altered by the parser', async (t) => {
  const { committed, relayed } = await jsonRelayed(t, readmeRelay('auto'));

  assert.notEqual(relayed, committed);
});
