import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decideStart, type RecoveryReason, type Standing } from '../../../relay/recovery/start-decision.ts';
import type { SlotInfo } from '../../../relay/replication/slot.ts';

const slotAt = (confirmedLsn: bigint): SlotInfo => ({
  active: false,
  lost: false,
  failover: undefined,
  confirmedLsn,
});
const settledUpTo = (settledLsn: bigint | undefined, publicationVersion: string | undefined = 'v1') => ({
  settledLsn,
  markedLsn: 0n,
  publicationVersion,
  epoch: 1n,
  systemIdentifier: '7',
  timeline: 1,
  operatorConfirmedAt: undefined,
});
const stream = (from: bigint) => ({ kind: 'stream', from });

interface Case {
  readonly name: string;
  readonly slot: SlotInfo | undefined;
  readonly progress: Standing['progress'];
  readonly unsettled?: boolean;
  readonly lastConfirmed?: bigint;
  readonly walEnd?: bigint;
  readonly recoveryRequested?: boolean;
  readonly decision: RecoveryReason | { kind: string; from: bigint };
}

const CASES: Case[] = [
  { name: 'no slot, first start', slot: undefined, progress: undefined, decision: 'slot_missing' },
  {
    name: 'the slot was dropped',
    slot: undefined,
    progress: settledUpTo(50n),
    decision: 'slot_missing',
  },
  {
    name: 'the slot was invalidated',
    slot: { ...slotAt(50n), lost: true },
    progress: settledUpTo(50n),
    decision: 'slot_lost',
  },
  {
    name: 'a slot of unknown origin',
    slot: slotAt(50n),
    progress: undefined,
    decision: 'not_settled',
  },
  {
    name: 'a start that ended before the table was through',
    slot: slotAt(50n),
    progress: settledUpTo(undefined),
    decision: 'not_settled',
  },
  {
    name: 'the publication was changed',
    slot: slotAt(50n),
    progress: settledUpTo(50n, 'v0'),
    decision: 'publication_changed',
  },
  {
    name: 'the publication of the progress is not known',
    slot: slotAt(50n),
    progress: { ...settledUpTo(50n), publicationVersion: undefined },
    decision: 'publication_changed',
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
    decision: 'slot_ahead',
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
    decision: 'slot_ahead',
  },
  {
    name: 'the slot was carried over to a server that was promoted before it had all WAL',
    slot: slotAt(60n),
    progress: settledUpTo(50n),
    walEnd: 59n,
    decision: 'beyond_wal',
  },
  {
    name: 'the progress was carried over to such a server',
    slot: slotAt(40n),
    progress: settledUpTo(50n),
    walEnd: 49n,
    decision: 'beyond_wal',
  },
  {
    name: 'slot and progress agree, and an operator has asked for it',
    slot: slotAt(50n),
    progress: settledUpTo(50n),
    recoveryRequested: true,
    decision: 'requested',
  },
  {
    name: 'the WAL ends where both stand',
    slot: slotAt(50n),
    progress: settledUpTo(50n),
    walEnd: 50n,
    decision: stream(50n),
  },
];

for (const { name, decision, unsettled = false, ...found } of CASES) {
  test(`at a start, ${name}: ${typeof decision === 'string' ? decision : `it streams from ${decision.from}`}`, () => {
    const usual = { publicationVersion: 'v1', recoveryRequested: false, lastConfirmed: 0n, walEnd: 1_000n };

    const decided = decideStart({ ...usual, tableHasUnsettled: unsettled, ...found });

    assert.deepEqual(
      decided,
      typeof decision === 'string' ? { kind: 'recover', reason: decision } : decision,
    );
  });
}
