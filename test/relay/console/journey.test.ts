import assert from 'node:assert/strict';
import { test } from 'node:test';
import { journeyOf } from '../../../relay/console/journey.ts';

const V7_AT_1645557742000 = '017f22e2-79b0-7cc3-98c4-dc0c0c07398f'; // the example of RFC 9562
const MARKED = { causationId: V7_AT_1645557742000, processedAt: '2022-02-22T19:22:22.020Z' };
const TIMES = {
  committedAt: 1_645_557_742_003.5,
  decodedAt: 1_645_557_742_004,
  sentAt: 1_645_557_742_005,
  acceptedAt: 1_645_557_742_010,
};

test('a message that has just passed has all six steps, in order', () => {
  assert.deepEqual(journeyOf(MARKED, TIMES), [
    { step: 'received', at: 1_645_557_742_000 },
    { step: 'committed', at: 1_645_557_742_003.5 },
    { step: 'decoded', at: 1_645_557_742_004 },
    { step: 'sent', at: 1_645_557_742_005 },
    { step: 'accepted', at: 1_645_557_742_010 },
    { step: 'marked', at: 1_645_557_742_020 },
  ]);
});

test('what is not known is left out', () => {
  const steps = (...args: Parameters<typeof journeyOf>) => journeyOf(...args).map(({ step }) => step);

  assert.deepEqual(steps(MARKED, undefined), ['received', 'marked']);
  assert.deepEqual(steps({ ...MARKED, processedAt: null }, undefined), ['received']);
  assert.deepEqual(steps({ causationId: null, processedAt: null }, undefined), []);
  assert.deepEqual(steps({ ...MARKED, causationId: '3f2504e0-4f89-41d3-9a0c-0305e82c3301' }, undefined), [
    'marked',
  ]);
  assert.deepEqual(
    steps(
      { ...MARKED, causationId: 'request 12' },
      { ...TIMES, committedAt: undefined, decodedAt: undefined },
    ),
    ['sent', 'accepted', 'marked'],
  );
});
