import { inTransaction } from '../../db/transaction.ts';
import { describeFailure } from '../handling/describe-failure.ts';
import type { Fate, HandlingObserver } from '../handling/handler.ts';
import { insertDropped } from '../handling/inbox-store.ts';
import type { Retried, Waiting } from '../handling/waiting.ts';
import type { ReceivedMessage } from '../received-message.ts';
import { type DeadLetter, decideDeadLetters, type Verdict } from '../receiving/dead-letter-queue.ts';
import type { HandleMessage } from '../settlement.ts';
import type { Places } from './find-unhandled.ts';
import { byAggregate, type UnhandledMessage } from './unhandled-message.ts';

export interface DecideDeps extends Places {
  readonly waiting: Waiting;
  /** The inbox's handler, with this observer. */
  readonly createHandler: (observer: HandlingObserver) => HandleMessage;
  /** How long a message is tried while the database is away. */
  readonly patienceMs?: number;
  /** Silence of a dead-letter queue after which others have locked what is missing. */
  readonly silenceMs?: number;
}

/** What came of it. */
export interface Decided {
  /** Those that waited behind included. */
  handled: number;
  /** They had been handled or given up before. */
  repeats: number;
  /** They wait in the table now, since their consumer holds. */
  waiting: number;
  /** For good. */
  dropped: number;
  /** They stay where they are. */
  failed: readonly FailedAgain[];
  /** They did not come: others have them locked, they are gone, or something was away. */
  unreached: number;
}

interface FailedAgain {
  readonly consumer: string;
  readonly messageId: string;
  readonly reason: string;
}

const PATIENCE_MS = 30_000;
const NOTHING: Decided = { handled: 0, repeats: 0, waiting: 0, dropped: 0, failed: [], unreached: 0 };

/** Handles these messages where they are, each once. Throws a ReceiveError, DATABASE_UNAVAILABLE; what is not handled stays. */
export async function retryUnhandled(
  deps: DecideDeps,
  messages: readonly UnhandledMessage[],
): Promise<Decided> {
  const decided = { ...NOTHING };
  for (const { consumer, ids } of waitingGroups(messages)) {
    note(decided, consumer, await deps.waiting.retry(consumer, ids[0] ?? ''));
  }
  await decideEach(deps, messages, decided, retrying(deps, decided));
  return decided;
}

/** These are never handled, and their rows keep the reason. What waits behind them is handled. Throws as `retryUnhandled`. */
export async function dropUnhandled(
  deps: DecideDeps,
  messages: readonly UnhandledMessage[],
  reason: string,
): Promise<Decided> {
  const decided = { ...NOTHING };
  for (const { consumer, ids } of waitingGroups(messages)) {
    const { dropped, ...rest } = await deps.waiting.drop(consumer, ids, reason);
    decided.dropped += dropped;
    note(decided, consumer, rest);
  }
  await decideEach(deps, messages, decided, async (consumer, { message }) => {
    // Without an id it has no row, and could not be told from its repeat.
    if (message.messageId) {
      await inTransaction(deps.pool, (db) => insertDropped(db, consumer, message, reason));
    }
    decided.dropped++;
    return 'remove';
  });
  return decided;
}

type Decide = (consumer: string, deadLetter: DeadLetter, lost: AbortSignal) => Promise<Verdict>;

function retrying({ createHandler, patienceMs = PATIENCE_MS }: DecideDeps, decided: Decided): Decide {
  let fate: Fate | undefined;
  let lastError: unknown;
  const handle = createHandler({
    became: (_consumer, _message, became) => {
      fate = became;
    },
    failed: (_consumer, error) => {
      lastError = error;
    },
  });
  return async (consumer, { message }, lost) => {
    const given = AbortSignal.any([lost, AbortSignal.timeout(patienceMs)]);
    await handle(consumer, message, given);
    switch (fate) {
      case 'handled':
        decided.handled++;
        return 'remove';
      case 'repeat':
        decided.repeats++;
        return 'remove';
      case 'held':
        decided.waiting++;
        return 'remove';
      case 'ignored':
        fail(
          decided,
          consumer,
          message,
          `TYPE_UNKNOWN: Events of type ${message.type} are not consumed here`,
        );
        return 'leave';
      case 'dead-lettered':
        fail(decided, consumer, message, describeFailure(lastError));
        return 'leave';
      case 'released':
      case undefined:
        fail(decided, consumer, message, `Not possible now: ${describeFailure(lastError)}`);
        return 'stop';
    }
  };
}

async function decideEach(
  { connection, consumers, silenceMs }: DecideDeps,
  messages: readonly UnhandledMessage[],
  decided: Decided,
  decide: Decide,
): Promise<void> {
  for (const source of consumers) {
    const numbers = messages
      .filter(({ place, consumer }) => place === 'dead-letter' && consumer === source.name)
      .map(({ sequenceNumber }) => sequenceNumber);
    if (numbers.length === 0) continue;
    const inTurn = (deadLetter: DeadLetter, lost: AbortSignal) => decide(source.name, deadLetter, lost);
    const left = await decideDeadLetters(connection, source, numbers, inTurn, silenceMs);
    decided.unreached += left.length;
  }
}

function waitingGroups(messages: readonly UnhandledMessage[]) {
  return byAggregate(messages.filter(({ place }) => place === 'inbox')).map((group) => ({
    consumer: group[0]?.consumer ?? '',
    ids: group.map(({ messageId = '' }) => messageId),
  }));
}

function note(decided: Decided, consumer: string, { handled, failed }: Retried): void {
  decided.handled += handled;
  if (failed) decided.failed = [...decided.failed, { consumer, ...failed }];
}

function fail(decided: Decided, consumer: string, message: ReceivedMessage, reason: string): void {
  const messageId = message.messageId ?? String(message.sequenceNumber);
  decided.failed = [...decided.failed, { consumer, messageId, reason }];
}
