import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AckTracker, type Transaction } from '../../../relay/session/ack-tracker.ts';

/** Receives a whole transaction of so many messages. */
function receive(tracker: AckTracker, commitLsn: bigint, messages: number): Transaction {
  const transaction = tracker.begin(commitLsn, 0);
  transaction.unsettled = messages;
  tracker.commit(transaction, commitLsn + 1n);
  return transaction;
}

const settling = (...transactions: Transaction[]) =>
  transactions.flatMap((transaction) =>
    Array.from({ length: transaction.unsettled }, () => ({ transaction })),
  );

test('nothing is safe beyond the start until something is settled', () => {
  const tracker = new AckTracker(10n);

  receive(tracker, 20n, 1);

  assert.equal(tracker.safeLsn, 10n);
  assert.equal(tracker.isIdle, false);
});

test('a settled transaction is safe up to its end exactly', () => {
  const tracker = new AckTracker(10n);
  const transaction = receive(tracker, 20n, 2);

  tracker.settle([{ transaction }]);
  assert.equal(tracker.safeLsn, 10n);
  tracker.settle([{ transaction }]);

  assert.equal(tracker.safeLsn, 21n);
  assert.equal(tracker.isIdle, true);
});

test('a transaction that is settled before an earlier one waits for it', () => {
  const tracker = new AckTracker(10n);
  const first = receive(tracker, 20n, 1);
  const second = receive(tracker, 21n, 1); // side by side: it begins where the first one ends

  tracker.settle(settling(second));
  assert.equal(tracker.safeLsn, 10n);
  tracker.settle(settling(first));

  assert.equal(tracker.safeLsn, 22n);
});

test('a transaction is not safe before its commit has arrived, however settled its messages are', () => {
  const tracker = new AckTracker(10n);
  const transaction = tracker.begin(20n, 0);
  transaction.unsettled = 1;
  tracker.settle(settling(transaction));
  assert.equal(tracker.safeLsn, 10n);
  assert.equal(tracker.isIdle, false);

  tracker.commit(transaction, 21n);

  assert.equal(tracker.safeLsn, 21n);
});

test('a transaction without messages is safe at its commit, but not past an unsettled one', () => {
  const tracker = new AckTracker(10n);
  receive(tracker, 20n, 0);
  assert.equal(tracker.safeLsn, 21n);

  receive(tracker, 30n, 1);
  receive(tracker, 40n, 0);

  assert.equal(tracker.safeLsn, 21n);
});

test('what a mark may claim counts its own messages, and changes nothing', () => {
  const tracker = new AckTracker(10n);
  const first = receive(tracker, 20n, 1);
  const second = receive(tracker, 30n, 2);
  const third = receive(tracker, 40n, 1);

  assert.equal(tracker.safeLsnWith([]), 10n);
  assert.equal(tracker.safeLsnWith(settling(first)), 21n);
  assert.equal(tracker.safeLsnWith(settling(first, third)), 21n);
  const both = [first, second].map((transaction) => ({ transaction }));
  assert.equal(tracker.safeLsnWith(both), 21n);
  assert.equal(tracker.safeLsnWith(settling(first, second, third)), 41n);
  assert.equal(tracker.safeLsn, 10n);
});

test('what a mark may claim ends before a transaction that is half received', () => {
  const tracker = new AckTracker(10n);
  const first = receive(tracker, 20n, 1);
  const half = tracker.begin(30n, 0);
  half.unsettled = 1;

  assert.equal(tracker.safeLsnWith(settling(first, half)), 21n);
});

test('thousands of transactions later it still counts right', () => {
  const tracker = new AckTracker(0n);
  const transactions = Array.from({ length: 5_000 }, (_, i) => receive(tracker, BigInt(i) * 10n, 1));
  const [first, ...others] = transactions as [Transaction, ...Transaction[]];

  tracker.settle(settling(...others.toReversed()));
  assert.equal(tracker.safeLsn, 0n);
  tracker.settle(settling(first));

  assert.equal(tracker.safeLsn, 49_991n);
  assert.equal(tracker.isIdle, true);
  receive(tracker, 60_000n, 1);
  assert.equal(tracker.safeLsn, 49_991n);
});
