import type { ApiErrorCode } from '../../api-error.ts';
import { AppError } from '../../core/errors.ts';
import { isDatabaseUnavailable, isStatementRefused } from '../../db/database-failure.ts';
import type { HandlingErrorCode } from './handling-error.ts';

/** STATEMENT_REFUSED: by PostgreSQL, of any message. RECEPTOR_FAILED: whatever else a receptor throws, such as ORDER_NOT_FOUND. */
export type Failure = HandlingErrorCode | PassingCode | 'STATEMENT_REFUSED' | 'RECEPTOR_FAILED';
type PassingCode = Extract<
  ApiErrorCode,
  'DATABASE_UNAVAILABLE' | 'COMMIT_UNCERTAIN' | 'OVERLOADED' | 'ORDER_LOCKED'
>;

/**
 * ignore: it is completed. dead-letter: the broker keeps it for a person. give up: the same, or it is set aside where its consumer holds.
 * wait: in the table, behind the one that waits there. release: it comes again.
 */
export type Consequence = 'ignore' | 'dead-letter' | 'give up' | 'wait' | 'release';

interface Policy {
  /** How often a message is tried that fails so; `Infinity`: for as long as its lock lasts. */
  readonly tries: number;
  readonly consequence: Consequence;
}

/** Of a message whose receptor fails: 0.75 to 1.5 s between the first try and the last. */
export const MAX_TRIES = 5;

const NEVER_MENDS: Policy = { tries: 1, consequence: 'dead-letter' };
const LET_GO: Policy = { tries: 1, consequence: 'release' };
const PASSES: Policy = { tries: Number.POSITIVE_INFINITY, consequence: 'release' };

/** What follows from each failure: one without a row does not compile. docs/inbox.md has the same table, and is held to this one. */
export const POLICIES: Readonly<Record<Failure, Policy>> = {
  TYPE_UNKNOWN: { tries: 1, consequence: 'ignore' },
  MESSAGE_ID_MISSING: NEVER_MENDS,
  SCHEMA_TOO_NEW: NEVER_MENDS,
  BODY_MALFORMED: NEVER_MENDS,
  BODY_INVALID: NEVER_MENDS,
  RECEPTOR_FAILED: { tries: MAX_TRIES, consequence: 'give up' },
  AGGREGATE_WAITS: { tries: 1, consequence: 'wait' },
  MESSAGE_IN_HAND: LET_GO,
  LOCK_LOST: LET_GO,
  VERSION_CONFLICT: PASSES,
  DATABASE_UNAVAILABLE: PASSES,
  STATEMENT_REFUSED: PASSES,
  COMMIT_UNCERTAIN: PASSES,
  OVERLOADED: PASSES,
  ORDER_LOCKED: PASSES,
};

/** Which row of the table an error is. */
export function failureOf(error: unknown): Failure {
  if (error instanceof AppError && Object.hasOwn(POLICIES, error.code)) return error.code as Failure;
  if (isStatementRefused(error)) return 'STATEMENT_REFUSED';
  return isDatabaseUnavailable(error) ? 'DATABASE_UNAVAILABLE' : 'RECEPTOR_FAILED';
}

/** What is done after so many failures of this kind (1 for the first). `canSetAside`: the table may keep it for a person. */
export function nextStep(
  failure: Failure,
  failures: number,
  canSetAside: boolean,
): 'try again' | 'set aside' | Exclude<Consequence, 'give up'> {
  const { tries, consequence } = POLICIES[failure];
  if (failures < tries) return 'try again';
  if (consequence !== 'give up') return consequence;
  return canSetAside ? 'set aside' : 'dead-letter';
}
