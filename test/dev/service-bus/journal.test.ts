import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Journal } from '../../../dev/service-bus/journal.ts';
import { encoded } from './encoded.ts';

test('entries are numbered without a gap and read from any of them on', () => {
  const journal = filled(5);

  assert.deepEqual(
    journal.entries(4).map((entry) => [entry.arrival, entry.messageId]),
    [
      [4, 'm4'],
      [5, 'm5'],
    ],
  );
  assert.deepEqual(journal.entries(6), []);
});

test('a bounded journal keeps the last entries, counts all, and refuses to skip what it has lost', () => {
  const journal = filled(10, 3);

  assert.equal(journal.total, 10);
  assert.deepEqual(
    journal.entries(8).map((entry) => entry.messageId),
    ['m8', 'm9', 'm10'],
  );
  assert.throws(() => journal.entries(1), RangeError);
});

test('a journal that keeps nothing only counts', () => {
  const journal = filled(10, 0);

  assert.equal(journal.total, 10);
  assert.throws(() => journal.entries(10), RangeError);
});

function filled(count: number, keep?: number): Journal {
  const journal = new Journal(keep === undefined ? {} : { keep });
  for (let i = 1; i <= count; i++) journal.record('q', i, false, 0, encoded({ message_id: `m${i}` }));
  return journal;
}
