import assert from 'node:assert/strict';
import { test } from 'node:test';
import { haveEnded, isVisibleIn } from '../../../relay/outbox/row-visibility.ts';

const WRAP = 2n ** 32n;
const snapshot = (xmin: bigint, xmax: bigint, ...inProgress: bigint[]) =>
  `${xmin}:${xmax}:${inProgress.join()}`;

const CASES: [string, string, number, boolean][] = [
  ['older than all that is open', snapshot(100n, 110n, 100n, 105n), 99, true],
  ['in progress, the oldest', snapshot(100n, 110n, 100n, 105n), 100, false],
  ['in progress, another', snapshot(100n, 110n, 100n, 105n), 105, false],
  ['ended between those in progress', snapshot(100n, 110n, 100n, 105n), 104, true],
  ['not begun yet', snapshot(100n, 110n, 100n, 105n), 110, false],
  ['whose number is the end of another one', snapshot(100n, 2110n, 100n, 1105n), 105, true],
  ['nothing is open', snapshot(100n, 100n), 99, true],
  ['nothing is open and it comes next', snapshot(100n, 100n), 100, false],
  ['in a later epoch', snapshot(WRAP + 100n, WRAP + 110n, WRAP + 100n), 99, true],
  ['in a later epoch, in progress', snapshot(WRAP + 100n, WRAP + 110n, WRAP + 100n), 100, false],
  ['of the epoch before', snapshot(WRAP + 3n, WRAP + 10n, WRAP + 3n), 4_294_967_290, true],
  ['of the epoch before and in progress', snapshot(WRAP - 6n, WRAP + 10n, WRAP - 6n), 4_294_967_290, false],
  ['of the epoch to come', snapshot(WRAP - 10n, WRAP - 5n, WRAP - 10n), 3, false],
  ['after more than half of the first epoch', snapshot(3_000_000_000n, 3_000_000_010n), 2_999_999_999, true],
];

for (const [name, text, xid, visible] of CASES) {
  test(`a transaction ${name}: its rows can${visible ? '' : 'not yet'} be seen (${xid} in ${text})`, () => {
    assert.equal(isVisibleIn(text, xid), visible);
  });
}

for (const xmax of [100n, 3_000_000_000n, WRAP + 100n, WRAP + 3_000_000_000n]) {
  test(`a row of the table, whose transaction has no number, can be seen when the next number is ${xmax}`, () => {
    // From the middle of an epoch on it was taken for one to come: a row that was deleted meanwhile was marked for ever.
    assert.equal(isVisibleIn(snapshot(xmax, xmax), 0), true);
  });
}

const ENDED: [string, string, string, boolean][] = [
  ['nothing was in progress', snapshot(100n, 100n), snapshot(100n, 100n), true],
  ['the one is still in progress', snapshot(100n, 110n, 100n), snapshot(100n, 120n, 100n, 115n), false],
  ['the one has ended, another has begun', snapshot(100n, 110n, 100n), snapshot(115n, 120n, 115n), true],
  ['one of two has ended', snapshot(100n, 110n, 100n, 105n), snapshot(105n, 120n, 105n), false],
  ['it ended while an older one goes on', snapshot(90n, 110n, 105n), snapshot(90n, 120n, 90n), true],
];

for (const [name, before, now, ended] of ENDED) {
  test(`of two snapshots, ${name}: ${ended ? 'all' : 'not all'} have ended`, () => {
    assert.equal(haveEnded(before, now), ended);
  });
}
