import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { DrizzleQueryError } from 'drizzle-orm';
import pg from 'pg';
import { ApiError, type ApiErrorCode } from '../../../../src/api-error.ts';
import {
  type Failure,
  failureOf,
  MAX_TRIES,
  nextStep,
  POLICIES,
} from '../../../../src/inbox/handling/failure-policy.ts';
import { HandlingError, type HandlingErrorCode } from '../../../../src/inbox/handling/handling-error.ts';

const FOREVER = 1_000_000;
const ours = (code: ApiErrorCode) => new ApiError(code, 'no');
const handling = (code: HandlingErrorCode) => new HandlingError(code, 'no');
const postgres = (code: string) =>
  new DrizzleQueryError('', [], Object.assign(new pg.DatabaseError('no', 0, 'error'), { code }));
const driver = (message: string) => new DrizzleQueryError('', [], new Error(message));

/** What is done the first time, and after very many. */
const CASES: readonly [error: unknown, failure: Failure, first: string, at_last: string][] = [
  [handling('TYPE_UNKNOWN'), 'TYPE_UNKNOWN', 'ignore', 'ignore'],
  [handling('MESSAGE_ID_MISSING'), 'MESSAGE_ID_MISSING', 'dead-letter', 'dead-letter'],
  [handling('SCHEMA_TOO_NEW'), 'SCHEMA_TOO_NEW', 'dead-letter', 'dead-letter'],
  [handling('BODY_MALFORMED'), 'BODY_MALFORMED', 'dead-letter', 'dead-letter'],
  [handling('BODY_INVALID'), 'BODY_INVALID', 'dead-letter', 'dead-letter'],
  [new Error('a bug'), 'RECEPTOR_FAILED', 'try again', 'dead-letter'],
  [ours('ORDER_NOT_FOUND'), 'RECEPTOR_FAILED', 'try again', 'dead-letter'],
  [ours('ORDER_NOT_CANCELLABLE'), 'RECEPTOR_FAILED', 'try again', 'dead-letter'],
  [postgres('23505'), 'RECEPTOR_FAILED', 'try again', 'dead-letter'],
  [postgres('22021'), 'RECEPTOR_FAILED', 'try again', 'dead-letter'],
  [handling('AGGREGATE_WAITS'), 'AGGREGATE_WAITS', 'wait', 'wait'],
  [handling('MESSAGE_IN_HAND'), 'MESSAGE_IN_HAND', 'release', 'release'],
  [handling('LOCK_LOST'), 'LOCK_LOST', 'release', 'release'],
  [ours('DATABASE_UNAVAILABLE'), 'DATABASE_UNAVAILABLE', 'try again', 'try again'],
  [driver('Connection terminated'), 'DATABASE_UNAVAILABLE', 'try again', 'try again'],
  [postgres('57P01'), 'DATABASE_UNAVAILABLE', 'try again', 'try again'],
  [postgres('40001'), 'DATABASE_UNAVAILABLE', 'try again', 'try again'],
  [postgres('40P01'), 'DATABASE_UNAVAILABLE', 'try again', 'try again'],
  [postgres('55P03'), 'DATABASE_UNAVAILABLE', 'try again', 'try again'],
  [postgres('25006'), 'DATABASE_UNAVAILABLE', 'try again', 'try again'],
  [postgres('42P01'), 'STATEMENT_REFUSED', 'try again', 'try again'],
  [postgres('42501'), 'STATEMENT_REFUSED', 'try again', 'try again'],
  [postgres('0A000'), 'STATEMENT_REFUSED', 'try again', 'try again'],
  [ours('COMMIT_UNCERTAIN'), 'COMMIT_UNCERTAIN', 'try again', 'try again'],
  [ours('OVERLOADED'), 'OVERLOADED', 'try again', 'try again'],
  [handling('VERSION_CONFLICT'), 'VERSION_CONFLICT', 'try again', 'try again'],
  [ours('ORDER_LOCKED'), 'ORDER_LOCKED', 'try again', 'try again'],
];

test('what follows from each error, at first and at last', () => {
  const found = CASES.map(([error]) => {
    const failure = failureOf(error);
    return [error, failure, nextStep(failure, 1, false), nextStep(failure, FOREVER, false)];
  });

  assert.deepEqual(found, CASES);
});

test('every failure has its case', () => {
  assert.deepEqual([...new Set(CASES.map(([, failure]) => failure))].sort(), Object.keys(POLICIES).sort());
});

test('a receptor that fails is tried so often, and then given up: set aside where that is possible', () => {
  const steps = [MAX_TRIES - 1, MAX_TRIES].flatMap((times) => [
    nextStep('RECEPTOR_FAILED', times, true),
    nextStep('RECEPTOR_FAILED', times, false),
  ]);

  assert.deepEqual(steps, ['try again', 'try again', 'set aside', 'dead-letter']);
});

test('docs/inbox.md has the same table, row for row', () => {
  const rows = readFileSync('docs/inbox.md', 'utf8').matchAll(
    /^\| `([A-Z_]+)` \| ([a-z0-9 ]+) \| ([a-z -]+) \|/gm,
  );
  const tries = (most: number) => (Number.isFinite(most) ? String(most) : 'as long as its lock lasts');

  assert.deepEqual(
    Array.from(rows, ([, failure, times, consequence]) => [failure, times, consequence]),
    Object.entries(POLICIES).map(([failure, policy]) => [failure, tries(policy.tries), policy.consequence]),
  );
});
