import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Arrival } from './broker.ts';
import { checkEvents, type EventEvidence } from './checker.ts';
import type { Committed } from './witness.ts';
import { checkWitness } from './witness-checker.ts';

const T = 1_000_000;

/** "a1" is the first event of aggregate a. */
function committed(...ids: string[]): Committed[] {
  return ids.map((messageId, n) => ({
    messageId,
    messageType: 'Noted',
    aggregateId: messageId[0],
    body: `{"id": "${messageId}"}`,
    committedAt: T + n,
  }));
}

function accepted(...ids: string[]): Arrival[] {
  return committed(...ids).map(({ messageId, body, committedAt }) => ({
    messageId,
    subject: 'Noted',
    sessionId: undefined,
    body,
    at: committedAt,
  }));
}

function violationsOf(evidence: Partial<EventEvidence>): string[] {
  const nothing = {
    committed: [],
    arrivals: [],
    poison: new Set<string>(),
    held: new Set<string>(),
    faultSpans: [],
  };
  return checkEvents({ ...nothing, ...evidence }).violations.map(({ kind, id }) => `${kind} ${id}`);
}

test('a history without a fault has no violation, also with aggregates in any order between each other', () => {
  const arrivals = accepted('b1', 'a1', 'a2', 'b2');

  assert.deepEqual(violationsOf({ committed: committed('a1', 'b1', 'a2', 'b2'), arrivals }), []);
});

test('a committed message that the broker does not have is lost', () => {
  assert.deepEqual(violationsOf({ committed: committed('a1', 'a2'), arrivals: accepted('a1') }), ['lost a2']);
});

test('a message that was not committed is a phantom', () => {
  assert.deepEqual(violationsOf({ committed: committed('a1'), arrivals: accepted('a1', 'a2') }), [
    'phantom a2',
  ]);
});

test('a message with another body, subject or session is altered', () => {
  const [arrival] = accepted('a1') as [Arrival];

  for (const change of [{ body: '{"id":"a1"}' }, { subject: 'Other' }, { sessionId: 'b' }]) {
    const found = violationsOf({ committed: committed('a1'), arrivals: [{ ...arrival, ...change }] });
    assert.deepEqual(found, ['altered a1'], JSON.stringify(change));
  }
  const same = [{ ...arrival, sessionId: 'a' }];
  assert.deepEqual(violationsOf({ committed: committed('a1'), arrivals: same }), []);
});

test('a message that was first accepted after a later one of its aggregate is reordered', () => {
  const truth = committed('a1', 'b1', 'a2', 'a3');

  assert.deepEqual(violationsOf({ committed: truth, arrivals: accepted('a2', 'b1', 'a1', 'a3') }), [
    'reordered a2',
  ]);
  assert.deepEqual(violationsOf({ committed: truth, arrivals: accepted('a1', 'a3', 'b1', 'a2') }), [
    'reordered a3',
  ]);
});

test('a repeat is counted with its age, and is a violation unless there was a fault between', () => {
  const truth = committed('a1', 'a2');
  const arrivals = accepted('a1', 'a2', 'a1');
  const during = [{ from: T - 5, to: T }];
  const long = [{ from: T - 9, to: T - 1 }];

  assert.deepEqual(violationsOf({ committed: truth, arrivals }), ['repeated without a fault a1']);
  assert.deepEqual(violationsOf({ committed: truth, arrivals, faultSpans: long }), [
    'repeated without a fault a1',
  ]);
  assert.deepEqual(violationsOf({ committed: truth, arrivals, faultSpans: during }), []);
  const none = { poison: new Set<string>(), held: new Set<string>(), faultSpans: during };
  assert.deepEqual(checkEvents({ committed: truth, arrivals, ...none }).repeats, { count: 1, oldestMs: 2 });
});

test('a poison message and the later ones of its aggregate are held back, and nothing else', () => {
  const truth = committed('a1', 'a2', 'b1', 'a3');
  const poison = new Set(['a2']);
  const right = { committed: truth, poison, arrivals: accepted('a1', 'b1'), held: new Set(['a2', 'a3']) };

  assert.deepEqual(violationsOf(right), []);
  assert.deepEqual(violationsOf({ ...right, held: new Set(['a2']) }), ['held back a3']);
  assert.deepEqual(violationsOf({ ...right, held: new Set(['a2', 'a3', 'b1']) }), ['held back b1']);
  assert.deepEqual(violationsOf({ ...right, arrivals: accepted('a1', 'b1', 'a3') }), ['held back a3']);
  assert.deepEqual(violationsOf({ ...right, arrivals: accepted('a1') }), ['lost b1']);
});

test('a witness that saw other messages than the table has, but for what is old, is none', () => {
  const found = checkWitness({
    seen: new Set(['a0', 'a1', 'a2']),
    stored: new Set(['a2', 'a3']),
    old: new Set(['a0', 'a2']),
  });

  assert.deepEqual(
    found.map(({ kind, id }) => `${kind} ${id}`),
    ['witness a3', 'witness a1'],
  );
});
