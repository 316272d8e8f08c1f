import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import {
  endsMarking,
  levelAfter,
  POLICIES,
  reactionTo,
  type Wait,
} from '../../../relay/failures/retry-policy.ts';
import type { RelayPhase } from '../../../relay/monitoring/relay-states.ts';
import { PublishError } from '../../../relay/publishing/publish-error.ts';
import { RelayError, type RelayErrorCode } from '../../../relay/relay-error.ts';

const shortest = () => 0;
const longest = () => 1;
const relayError = (code: RelayErrorCode) => new RelayError(code, 'what is the matter');
const unreachable = new PublishError('Cannot reach it', { kind: 'transient', code: 'BROKER_UNREACHABLE' });
const refusedByPostgres = Object.assign(new Error('permission denied'), {
  code: '42501',
  routine: 'aclcheck_error',
});

const CASES: readonly [name: string, error: unknown, wait: Wait, phase: RelayPhase][] = [
  ['CONFIG_INVALID', relayError('CONFIG_INVALID'), 'never', 'stopped'],
  ['OUTBOX_INCOMPLETE', relayError('OUTBOX_INCOMPLETE'), 'never', 'stopped'],
  ['WAL_MALFORMED', relayError('WAL_MALFORMED'), 'never', 'stopped'],
  ['OUTBOX_UNREADABLE', relayError('OUTBOX_UNREADABLE'), 'never', 'stopped'],
  ['RECOVERY_REQUESTED', relayError('RECOVERY_REQUESTED'), 'at once', 'connecting'],
  ['SLOT_BUSY', relayError('SLOT_BUSY'), 'quarter second', 'standby'],
  ['DATABASE_SET_BACK', relayError('DATABASE_SET_BACK'), 'slow', 'set-back'],
  ['SLOT_UNUSABLE', relayError('SLOT_UNUSABLE'), 'slow', 'waiting'],
  ['DATABASE_POOLED', relayError('DATABASE_POOLED'), 'slow', 'waiting'],
  ['setting refused', refusedByPostgres, 'slow', 'waiting'],
  ['broker unreachable', unreachable, 'growing', 'broker-away'],
  ['EPOCH_LOST', relayError('EPOCH_LOST'), 'growing', 'waiting'],
  ['DATABASE_UNAVAILABLE', relayError('DATABASE_UNAVAILABLE'), 'growing', 'waiting'],
  ['PUBLICATION_UNUSABLE', relayError('PUBLICATION_UNUSABLE'), 'growing', 'waiting'],
  ['SLOT_MOVED', relayError('SLOT_MOVED'), 'growing', 'waiting'],
  ['STREAM_LOST', relayError('STREAM_LOST'), 'growing', 'waiting'],
  ['any other', new Error('connect ECONNREFUSED'), 'growing', 'waiting'],
];

for (const [name, error, wait, phase] of CASES) {
  test(`after ${name} the next try comes ${wait}, and the relay is ${phase} until then`, () => {
    const reaction = reactionTo(error, 1, longest);

    assert.deepEqual([reaction.wait, reaction.phase], [wait, phase]);
  });
}

test('every code has its case', () => {
  const tried = CASES.map(([name]) => name).filter((name) => /^[A-Z_]+$/.test(name));

  assert.deepEqual(tried.sort(), Object.keys(POLICIES).sort());
});

test('docs/failures.md has the same table, row for row', () => {
  const rows = readFileSync('docs/failures.md', 'utf8').matchAll(
    /^\| `?([\w ]+?)`? \| ([a-z ]+) \| `([a-z-]+)` \|/gm,
  );

  assert.deepEqual(
    [...rows].map(([, name, wait, phase]) => [name, wait, phase]),
    CASES.map(([name, , wait, phase]) => [name, wait, phase]),
  );
});

test('a growing wait doubles up to 15 s, half of it random', () => {
  const waits = (random: () => number) =>
    [1, 2, 3, 8, 9, 100].map((failures) => reactionTo(new Error('x'), failures, random).waitMs);

  assert.deepEqual(waits(longest), [100, 200, 400, 12_800, 15_000, 15_000]);
  assert.deepEqual(waits(shortest), [50, 100, 200, 6_400, 7_500, 7_500]);
});

test('what a person has to do is told at once as an error, and looked at every few seconds, however often it has failed', () => {
  for (const failures of [1, 100]) {
    const reaction = reactionTo(relayError('SLOT_UNUSABLE'), failures, shortest);

    assert.deepEqual(
      [reaction.level, reaction.advice, reaction.waitMs],
      ['error', 'what is the matter', 2_500],
    );
  }
  assert.match(
    reactionTo(refusedByPostgres, 1, longest).advice ?? '',
    /permission denied \(42501\): .*Roles and grants/,
  );
});

test('what may pass by itself is a warning four times, then an error, and asks nobody for anything', () => {
  const levels = [1, 4, 5].map((failures) => reactionTo(unreachable, failures, longest).level);

  assert.deepEqual(levels, ['warn', 'warn', 'error']);
  assert.deepEqual([4, 5].map(levelAfter), ['warn', 'error']);
  assert.equal(reactionTo(unreachable, 9, longest).advice, undefined);
});

test('what a person has to do about the broker is told at once as an error, and tried again as ever', () => {
  const missing = new PublishError('create it', { kind: 'operator', code: 'BROKER_UNREACHABLE' });
  const { level, advice, wait, phase, waitMs } = reactionTo(missing, 1, longest);

  assert.deepEqual(
    [level, advice, wait, phase, waitMs],
    ['error', 'create it', 'growing', 'broker-away', 100],
  );
});

test("another library's error passes by itself, although it has a code or a kind like one of ours", () => {
  const busy = Object.assign(new Error('x'), { code: 'SLOT_BUSY', kind: 'operator' });
  const { wait, phase, level, advice } = reactionTo(busy, 1, longest);

  assert.deepEqual([wait, phase, level, advice], ['growing', 'waiting', 'warn', undefined]);
});

test('a mark is tried again unless another relay has the slot, or the database was set back', () => {
  const ending = (Object.keys(POLICIES) as RelayErrorCode[]).filter((code) => endsMarking(relayError(code)));

  assert.deepEqual(ending.sort(), ['DATABASE_SET_BACK', 'EPOCH_LOST']);
  assert.equal(endsMarking(new Error('connect ECONNREFUSED')), false);
});
