import { backoffMs } from '../../src/core/backoff.ts';
import { AppError } from '../../src/core/errors.ts';
import type { RelayPhase } from '../monitoring/relay-states.ts';
import { PublishError } from '../publishing/publish-error.ts';
import type { RelayErrorCode } from '../relay-error.ts';
import { setupAdvice } from './setup-advice.ts';

/**
 * How long until the next try. never: the process ends, since waiting mends nothing. at once: it is no failure. quarter second: another
 * relay has the slot, and may end any moment. growing: it may pass by itself. slow: a person has to do something.
 */
export type Wait = 'never' | 'at once' | 'quarter second' | 'growing' | 'slow';

interface Policy {
  readonly wait: Wait;
  /** What the relay is in while it waits. */
  readonly phase: RelayPhase;
  /** A mark that fails with it is not tried again, as it is with any other error. */
  readonly endsMarking?: true;
}

const END: Policy = { wait: 'never', phase: 'stopped' };
const RETRY: Policy = { wait: 'growing', phase: 'waiting' };
const BROKER_AWAY: Policy = { wait: 'growing', phase: 'broker-away' };
const ASK_A_PERSON: Policy = { wait: 'slow', phase: 'waiting' };

/** What follows from each error of the relay's own. docs/failures.md has the same table, and is held to this one. */
export const POLICIES = {
  CONFIG_INVALID: END,
  OUTBOX_INCOMPLETE: END,
  // A process that cannot read what it is sent must not go on as if it had.
  WAL_MALFORMED: END,
  OUTBOX_UNREADABLE: END,
  RECOVERY_REQUESTED: { wait: 'at once', phase: 'connecting' },
  SLOT_BUSY: { wait: 'quarter second', phase: 'standby' },
  DATABASE_SET_BACK: { wait: 'slow', phase: 'set-back', endsMarking: true },
  SLOT_UNUSABLE: ASK_A_PERSON,
  DATABASE_POOLED: ASK_A_PERSON,
  EPOCH_LOST: { ...RETRY, endsMarking: true },
  DATABASE_UNAVAILABLE: RETRY,
  PUBLICATION_UNUSABLE: RETRY,
  SLOT_MOVED: RETRY,
  STREAM_LOST: RETRY,
} satisfies Record<RelayErrorCode, Policy>;

/** What the relay does about a failed session. */
export interface Reaction {
  readonly wait: Wait;
  readonly waitMs: number;
  readonly phase: RelayPhase;
  readonly level: 'info' | 'warn' | 'error';
  /** What a person has to do; undefined when it may pass by itself. */
  readonly advice: string | undefined;
}

const STANDBY_RETRY_MS = 250;
const LOUD_AFTER_FAILURES = 5;
/** The wait after so many failures, capped, is 2.5 to 5 s. */
const SLOW = { failures: 10, capMs: 5_000 };

/** What follows from an error, this one being the `failures`-th in a row. Pure but for `random`. */
export function reactionTo(error: unknown, failures: number, random: () => number): Reaction {
  const { wait, phase } = policyFor(error);
  switch (wait) {
    case 'never':
      return { wait, waitMs: 0, phase, level: 'error', advice: undefined };
    case 'at once':
      return { wait, waitMs: 0, phase, level: 'info', advice: undefined };
    case 'quarter second':
      return { wait, waitMs: STANDBY_RETRY_MS, phase, level: 'info', advice: undefined };
    case 'growing': {
      const needsPerson = error instanceof PublishError && error.kind === 'operator';
      const level = needsPerson ? 'error' : levelAfter(failures);
      const advice = needsPerson ? error.message : undefined;
      return { wait, waitMs: backoffMs(failures, random), phase, level, advice };
    }
    case 'slow': {
      const advice = setupAdvice(error) ?? (error as Error).message;
      return { wait, waitMs: backoffMs(SLOW.failures, random, SLOW.capMs), phase, level: 'error', advice };
    }
  }
}

/** Whether what failed to be marked can be tried again under the same epoch. */
export function endsMarking(error: unknown): boolean {
  return policyFor(error).endsMarking ?? false;
}

/** How loud so many failures in a row are told. */
export function levelAfter(failures: number): 'warn' | 'error' {
  return failures < LOUD_AFTER_FAILURES ? 'warn' : 'error';
}

function policyFor(error: unknown): Policy {
  if (setupAdvice(error)) return ASK_A_PERSON;
  if (error instanceof PublishError) return BROKER_AWAY;
  if (!(error instanceof AppError)) return RETRY;
  return (POLICIES as Record<string, Policy>)[error.code] ?? RETRY;
}
