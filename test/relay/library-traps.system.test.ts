import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ourRelay } from '../support/relay-subject.ts';
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

// Each of these is lost, hangs or is altered by a usage of pg-logical-replication that its README shows:
// library-traps.long.ts shows that these very scenarios find it.

// Most of their time they wait.
describe('traps of pg-logical-replication', { concurrency: 3 }, () => {
  test('of two commits side by side the first is confirmed to the byte, and the second comes after a crash', async (t) => {
    const relay = await ourRelay();

    for (const { first, confirmedLsn, missing } of await commitsSideBySide(t, relay, 3)) {
      assert.equal(confirmedLsn, first.endLsn);
      assert.deepEqual(missing, []);
    }
    // A slot ahead of what is settled would have been noticed, and made good from the table.
    const { counts } = await relay.status();
    assert.equal(counts['tableSettlements'], 0);
  });

  test('an event that the broker holds is never confirmed by the status timer', async (t) => {
    const { commit, confirmedLsn, missing } = await eventHeld(t, await ourRelay());

    assert.ok(confirmedLsn <= commit.lsn);
    assert.deepEqual(missing, []);
  });

  test('an event that the broker holds is never confirmed by the answer to a keepalive', async (t) => {
    const { commit, confirmedLsn, missing } = await eventHeldWhileOthersWrite(t, await ourRelay());

    assert.ok(confirmedLsn <= commit.lsn);
    assert.deepEqual(missing, []);
  });

  test('nothing of a transaction is confirmed while one of its rows is unsettled', async (t) => {
    const { commit, confirmedLsn, missing } = await transactionHalfSettled(t, await ourRelay());

    assert.ok(confirmedLsn <= commit.lsn);
    assert.deepEqual(missing, []);
  });

  test('an event that is refused is not confirmed by the one after it, which waits', async (t) => {
    const { missing, arrived } = await eventRefusedOnce(t, await ourRelay());

    assert.deepEqual(missing, []);
    assert.deepEqual(arrived, ['Refused', 'Next', 'Last 1']);
  });

  test('a new connection begins at what is settled, not at what was received, and is the only one', async (t) => {
    const { missing, arrived, senders } = await connectionBroken(t, await ourRelay());

    assert.deepEqual(missing, []);
    assert.deepEqual(arrived, ['Refused 1', 'Refused 2', 'Refused 3', 'Last 1']);
    assert.equal(senders, 1);
  });

  test('a relay that waits for the slot holds no connection for replication meanwhile', async (t) => {
    const { senders, missing } = await slotTaken(t, await ourRelay(), await ourRelay());

    assert.equal(senders, 1);
    assert.deepEqual(missing, []);
  });

  test('a fast shutdown of the server does not wait for an idle relay', async (t) => {
    const { ended, letGo } = await serverShutdown(t, await ourRelay(), 20_000);

    assert.deepEqual({ ended, letGo }, { ended: true, letGo: false });
  });

  test('a broker that is silent for longer than wal_sender_timeout costs neither the connection nor memory', async (t) => {
    const { keptConnection, readAll, grownByMiB, missing } = await brokerBlocked(t, await ourRelay());

    assert.ok(keptConnection);
    assert.ok(!readAll);
    assert.ok(grownByMiB < 150, `${grownByMiB} MiB`);
    assert.deepEqual(await missing(), []);
  });

  test('a JSON body comes out as it was committed, byte for byte', async (t) => {
    const { committed, relayed } = await jsonRelayed(t, await ourRelay());

    assert.equal(relayed, committed);
  });
});
