import { backoffMs } from '../../core/backoff.ts';
import type { Logger } from '../../core/log.ts';
import { pause } from '../../core/pause.ts';
import type { Connections } from '../../db/connections.ts';
import { inTransaction } from '../../db/transaction.ts';
import type { Once, Registry } from '../../dispatcher.ts';
import type { ReceivedMessage } from '../received-message.ts';
import type { HandleMessage, Settlement } from '../settlement.ts';
import { type CarryOutDeps, carryingOut } from './carry-out.ts';
import { describeFailure } from './describe-failure.ts';
import { type Failure, failureOf, nextStep } from './failure-policy.ts';
import { HandlingError } from './handling-error.ts';
import { insertBehind, insertHandled, insertWaiting, isHandled } from './inbox-store.ts';

export interface HandlerDeps<R extends Registry> extends CarryOutDeps<R> {
  /** For what is kept of a message that waits. Its sessions' `lock_timeout` has to be shorter than the broker's locks. */
  readonly connections: Connections;
  readonly consumers: Iterable<{ readonly name: string; readonly onFailure: 'continue' | 'hold' }>;
  readonly observer: HandlingObserver;
  readonly log: Logger;
  readonly random: () => number;
}

/** What has become of a message that was received. */
export type Fate = 'handled' | 'repeat' | 'ignored' | 'dead-lettered' | 'held' | 'released';

/** Is told of every message: it must cost next to nothing, and not throw. */
export interface HandlingObserver {
  became(consumer: string, message: ReceivedMessage, fate: Fate): void;
  /** A try has failed. Others may follow. */
  failed(consumer: string, error: unknown): void;
}

interface End {
  readonly fate: Fate;
  readonly settlement: Settlement;
}

const COMPLETE: Settlement = { kind: 'complete' };
const LONGEST_WAIT_MS = 5_000;
const LOUD_AFTER_TIMES = 5;

/** What handles messages, each of a consumer once. The caller closes what it is given. */
export function createHandler<R extends Registry>(deps: HandlerDeps<R>): HandleMessage {
  const { connections, observer, log, random } = deps;
  const carryOut = carryingOut(deps);
  const holding = new Set(
    Array.from(deps.consumers).flatMap(({ name, onFailure }) => (onFailure === 'hold' ? [name] : [])),
  );

  return async (consumer, message, lost) => {
    const { fate, settlement } = await handle(consumer, message, lost);
    observer.became(consumer, message, fate);
    return settlement;
  };

  /** Tries again and again, as the table of failures says. */
  async function handle(consumer: string, message: ReceivedMessage, lost: AbortSignal): Promise<End> {
    const holds = holding.has(consumer);
    const about = { consumer, messageId: message.messageId, messageType: message.type };
    const once = handledOnce(consumer, message, holds, lost);
    const attempt: Step = async () => ({
      fate: await carryOut(consumer, message, once),
      settlement: COMPLETE,
    });
    const waitBehind: Step = async () =>
      (await inTransaction(connections, (db) => insertBehind(db, consumer, message))) ? HELD : attempt;
    const setAside =
      (reason: string): Step =>
      async () => {
        await inTransaction(connections, (db) => insertWaiting(db, consumer, message, reason));
        return HELD;
      };

    const failures = new Map<Failure, number>();
    for (let step = attempt; ; ) {
      try {
        throwIfLost(lost);
        const done = await step();
        if (typeof done !== 'function') return done;
        step = done;
      } catch (err) {
        const failure = failureOf(err);
        const times = (failures.get(failure) ?? 0) + 1;
        failures.set(failure, times);
        const waitMs = backoffMs(Math.max(...failures.values()), random, LONGEST_WAIT_MS);
        // What has failed to be set aside is for the broker to keep.
        const next = nextStep(failure, times, holds && step === attempt);
        if (!QUIET.has(failure)) observer.failed(consumer, err);
        switch (next) {
          case 'try again':
            log[levelAfter(times)]({ ...about, err, waitMs }, 'Could not handle a message; trying again');
            await pause(waitMs, lost);
            break;
          case 'set aside':
            log.error({ ...about, err }, 'Could not handle a message; it waits in the inbox for a person');
            step = setAside(describeFailure(err));
            break;
          case 'wait':
            log.warn({ ...about, err }, 'A message waits behind another one of its aggregate');
            step = waitBehind;
            break;
          case 'dead-letter':
            log.error({ ...about, err }, 'Could not handle a message; it is dead-lettered');
            return deadLettered(failure, err);
          case 'release':
            log.info({ ...about, err, afterMs: waitMs }, 'A message goes back to the broker');
            return { fate: 'released', settlement: { kind: 'release', afterMs: waitMs } };
          case 'ignore':
            return { fate: 'ignored', settlement: COMPLETE };
        }
      }
    }
  }
}

/** One thing that is done about a message: then it is at its end, or another thing has to be done. */
type Step = () => Promise<End | Step>;

const HELD: End = { fate: 'held', settlement: COMPLETE };
/** In these nothing is wrong, and there is nothing to mend. */
const QUIET: ReadonlySet<Failure> = new Set(['TYPE_UNKNOWN', 'AGGREGATE_WAITS', 'LOCK_LOST']);

const levelAfter = (times: number) => (times < LOUD_AFTER_TIMES ? 'warn' : 'error');

const deadLettered = (failure: Failure, error: unknown): End => ({
  fate: 'dead-lettered',
  settlement: { kind: 'dead-letter', reason: failure, description: describeFailure(error) },
});

/** Inserts the row of the message first; and commits nothing once its lock is lost. */
function handledOnce(
  consumer: string,
  message: ReceivedMessage,
  inOrder: boolean,
  lost: AbortSignal,
): Once<unknown, true> {
  return {
    ask: async (db) => ((await insertHandled(db, consumer, message, inOrder)) ? undefined : true),
    decidesAlong: true,
    tell: async () => {
      throwIfLost(lost);
      return true;
    },
    isKept: (db) => isHandled(db, consumer, message.messageId),
  };
}

function throwIfLost(lost: AbortSignal): void {
  if (lost.aborted)
    throw new HandlingError('LOCK_LOST', 'The lock of the message is lost, or the process ends');
}
