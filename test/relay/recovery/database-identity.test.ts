import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findSetBack, NOTHING_SEEN } from '../../../relay/recovery/database-identity.ts';

const NOON = new Date('2026-01-01T12:00:00Z');
const cluster = { systemIdentifier: '7', timeline: 2, walEnd: 100n };
const stored = { epoch: 5n, settledLsn: 60n, markedLsn: 80n };
const progress = {
  ...stored,
  systemIdentifier: '7',
  timeline: 2,
  publicationVersion: 'v1',
  operatorConfirmedAt: undefined,
};
const seen = { ...stored, timeline: 2, confirmedLsn: 60n, operatorConfirmedAt: undefined };

type Found = Parameters<typeof findSetBack>;
const FINE: [string, ...Found][] = [
  ['a first start', cluster, undefined, NOTHING_SEEN],
  ['progress that another process has left', cluster, progress, NOTHING_SEEN],
  ['progress as it was seen', cluster, progress, seen],
  ['progress that has grown', cluster, { ...progress, settledLsn: 61n, markedLsn: 81n }, seen],
  [
    'a table that is settled anew by a later relay',
    cluster,
    { ...progress, epoch: 6n, settledLsn: undefined, markedLsn: 0n },
    seen,
  ],
  ['WAL that ends where it was confirmed', { ...cluster, walEnd: 60n }, progress, seen],
  ['a promoted standby that has all of it', { ...cluster, timeline: 3 }, progress, seen],
  [
    'a promoted standby with less WAL than was confirmed',
    { ...cluster, timeline: 3, walEnd: 80n },
    progress,
    { ...seen, confirmedLsn: 90n },
  ],
  [
    'earlier progress that an operator has confirmed since',
    cluster,
    { ...progress, epoch: 4n, operatorConfirmedAt: NOON },
    seen,
  ],
  [
    'earlier progress that an operator has confirmed again',
    cluster,
    { ...progress, epoch: 4n, operatorConfirmedAt: NOON },
    { ...seen, operatorConfirmedAt: new Date(+NOON - 1) },
  ],
];

for (const [name, ...found] of FINE) {
  test(`not set back: ${name}`, () => {
    assert.equal(findSetBack(...found), undefined);
  });
}

const SET_BACK: [string, RegExp, ...Found][] = [
  [
    'another cluster',
    /cluster 8, .* cluster 7/,
    cluster,
    { ...progress, systemIdentifier: '8' },
    NOTHING_SEEN,
  ],
  [
    'another cluster, whatever was confirmed in it',
    /cluster 8, .* cluster 7/,
    cluster,
    { ...progress, systemIdentifier: '8', operatorConfirmedAt: NOON },
    seen,
  ],
  ['an older timeline', /timeline 2, .* timeline 1/, { ...cluster, timeline: 1 }, progress, NOTHING_SEEN],
  ['no progress any more', /no progress at all, .* seen epoch 5/, cluster, undefined, seen],
  [
    'an earlier epoch',
    /epoch 4, settled to 0\/3C, marked to 0\/50, and this relay has seen epoch 5/,
    cluster,
    { ...progress, epoch: 4n },
    seen,
  ],
  [
    'less that is settled',
    /settled to 0\/3B.*settled to 0\/3C/,
    cluster,
    { ...progress, settledLsn: 59n },
    seen,
  ],
  ['nothing that is settled', /settled to 0\/0/, cluster, { ...progress, settledLsn: undefined }, seen],
  ['less that is marked', /marked to 0\/4F.*marked to 0\/50/, cluster, { ...progress, markedLsn: 79n }, seen],
  [
    'a standby that was promoted before it had all of it',
    /on timeline 3 after 2/,
    { ...cluster, timeline: 3 },
    { ...progress, settledLsn: 59n },
    seen,
  ],
  [
    'less WAL than was confirmed',
    /ends at 0\/3B, .* confirmed 0\/3C/,
    { ...cluster, walEnd: 59n },
    progress,
    seen,
  ],
  [
    'earlier progress with a confirmation that was known before',
    /epoch 4/,
    cluster,
    { ...progress, epoch: 4n, operatorConfirmedAt: NOON },
    { ...seen, operatorConfirmedAt: NOON },
  ],
];

for (const [name, message, ...found] of SET_BACK) {
  test(`set back: ${name}`, () => {
    assert.match(findSetBack(...found) ?? 'nothing was found', message);
  });
}
