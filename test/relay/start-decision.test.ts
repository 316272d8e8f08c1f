import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SlotInfo } from '../../relay/replication/slot.ts';
import { decideStart } from '../../relay/start-decision.ts';

const slotAt = (confirmedLsn: bigint): SlotInfo => ({ active: false, lost: false, confirmedLsn });
const settledUpTo = (settledLsn: bigint | undefined, publicationVersion: string | undefined = 'v1') => ({
  settledLsn,
  markedLsn: 0n,
  publicationVersion,
  epoch: 1n,
});
const stream = (from: bigint) => ({ kind: 'stream', from });

interface Case {
  readonly name: string;
  readonly slot: SlotInfo | undefined;
  readonly progress: Parameters<typeof decideStart>[1];
  readonly unsettled?: boolean;
  readonly lastConfirmed?: bigint;
  readonly decision: { kind: 'stream'; from: bigint } | RegExp | ReturnType<typeof stream>;
}

const CASES: Case[] = [
  { name: 'no slot, first start', slot: undefined, progress: undefined, decision: /no replication slot/ },
  {
    name: 'the slot was dropped',
    slot: undefined,
    progress: settledUpTo(50n),
    decision: /no replication slot/,
  },
  {
    name: 'the slot was invalidated',
    slot: { ...slotAt(50n), lost: true },
    progress: settledUpTo(50n),
    decision: /invalidated/,
  },
  {
    name: 'a slot of unknown origin',
    slot: slotAt(50n),
    progress: undefined,
    decision: /has not been settled/,
  },
  {
    name: 'a start that ended before the table was through',
    slot: slotAt(50n),
    progress: settledUpTo(undefined),
    decision: /has not been settled/,
  },
  {
    name: 'the publication was changed',
    slot: slotAt(50n),
    progress: settledUpTo(50n, 'v0'),
    decision: /publication has been changed/,
  },
  {
    name: 'the publication of the progress is not known',
    slot: slotAt(50n),
    progress: { ...settledUpTo(50n), publicationVersion: undefined },
    decision: /publication has been changed/,
  },
  { name: 'slot and progress agree', slot: slotAt(50n), progress: settledUpTo(50n), decision: stream(50n) },
  {
    name: 'they agree and the table holds what came since',
    slot: slotAt(50n),
    progress: settledUpTo(50n),
    unsettled: true,
    decision: stream(50n),
  },
  {
    name: 'the slot went back in a crash',
    slot: slotAt(40n),
    progress: settledUpTo(50n),
    unsettled: true,
    decision: stream(50n),
  },
  {
    name: 'somebody moved the slot ahead over unsettled rows',
    slot: slotAt(51n),
    progress: settledUpTo(50n),
    unsettled: true,
    decision: /ahead of what this relay has settled/,
  },
  {
    name: 'the slot is ahead and nothing is unsettled',
    slot: slotAt(60n),
    progress: settledUpTo(50n),
    decision: stream(60n),
  },
  {
    name: 'this process itself confirmed the slot so far',
    slot: slotAt(60n),
    progress: settledUpTo(50n),
    unsettled: true,
    lastConfirmed: 60n,
    decision: stream(60n),
  },
  {
    name: 'somebody moved it further than this process did',
    slot: slotAt(61n),
    progress: settledUpTo(50n),
    unsettled: true,
    lastConfirmed: 60n,
    decision: /ahead of what this relay has settled/,
  },
];

for (const { name, slot, progress, unsettled = false, lastConfirmed = 0n, decision } of CASES) {
  test(`at a start, ${name}: ${decision instanceof RegExp ? 'the table is settled' : `it streams from ${decision.from}`}`, () => {
    const decided = decideStart(slot, progress, 'v1', unsettled, lastConfirmed);

    if (!(decision instanceof RegExp)) assert.deepEqual(decided, decision);
    else assert.match(decided.kind === 'settle' ? decided.why : 'it streams', decision);
  });
}
