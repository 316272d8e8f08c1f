import assert from 'node:assert/strict';
import { test } from 'node:test';
import { walWarning } from '../../../relay/replication/slot-wal.ts';

const fine = { retainedBytes: 0, status: 'reserved', safeBytes: undefined, keepBytes: undefined };

const CASES: [string, Partial<typeof fine> | object, RegExp | undefined][] = [
  ['without a limit', {}, undefined],
  ['beyond max_wal_size', { status: 'extended' }, undefined],
  ['with a fifth left', { safeBytes: 20, keepBytes: 100 }, undefined],
  ['with less than a fifth left', { safeBytes: 19, keepBytes: 100 }, /19 bytes more of WAL, of the 100/],
  ['in danger', { status: 'unreserved', safeBytes: -1, keepBytes: 100 }, /WAL is unreserved/],
  ['invalidated', { status: 'lost' }, /WAL is lost/],
];

for (const [name, changed, warning] of CASES) {
  test(`a slot ${name} is ${warning ? '' : 'not '}warned of`, () => {
    const found = walWarning({ ...fine, ...changed });

    if (warning) assert.match(found ?? 'no warning', warning);
    else assert.equal(found, undefined);
  });
}
