import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exceededLimit } from '../../../relay/recovery/wal-limit.ts';

const LIMIT = { bytes: 1_000, ms: 60_000, leastMs: 10_000 };

const CASES: [string, number | undefined, number, RegExp | undefined][] = [
  ['sends succeed, however much is kept', undefined, 1_000_000, undefined],
  ['sends have failed for a moment', 9_999, 1_000_000, undefined],
  ['sends fail, and little is kept', 60_000, 1_000, undefined],
  ['sends fail, and too much is kept', 10_000, 1_001, /keeps 1001 bytes of WAL \(RELAY_WAL_LIMIT_MB\)/],
  ['sends fail for too long', 61_000, 0, /nothing for 61 s \(RELAY_WAL_LIMIT_MINUTES\)/],
];

for (const [name, awayForMs, retainedBytes, why] of CASES) {
  test(`when ${name}, the slot is ${why ? 'let go' : 'kept'}`, () => {
    const found = exceededLimit({ name: 'The broker', awayForMs }, retainedBytes, LIMIT);

    if (why) assert.match(found ?? 'kept', why);
    else assert.equal(found, undefined);
  });
}
