import { setTimeout as sleep } from 'node:timers/promises';
import { backoffMs } from '../../src/core/backoff.ts';
import { errorCode } from '../../src/core/errors.ts';
import type { Logger } from '../../src/core/log.ts';
import { endsMarking, levelAfter } from '../failures/retry-policy.ts';
import { setupAdvice } from '../failures/setup-advice.ts';
import type { RelayMonitor } from '../monitoring/relay-monitor.ts';
import type { OutboxStore } from '../outbox/outbox-store.ts';
import { isVisibleIn } from '../outbox/row-visibility.ts';
import { isBehind, type Stored } from '../recovery/database-identity.ts';
import type { ProgressStore } from '../recovery/progress-store.ts';
import { RelayError } from '../relay-error.ts';
import type { Mark, Marked } from './mark.ts';
import type { Pending } from './pending.ts';

export interface MarkerDeps {
  readonly store: OutboxStore;
  readonly progress: ProgressStore;
  readonly slot: string;
  readonly monitor: RelayMonitor;
  readonly log: Logger;
  readonly random: () => number;
  /** Aborted when marks that cannot be written are no longer to be waited for. */
  readonly abandon: AbortSignal;
}

const RETRY_CAP_MS = 2_000;
const LOCK_NOT_AVAILABLE = '55P03';

/** Writes marks and progress to the table, under one epoch. */
export class Marker {
  readonly #deps: MarkerDeps;
  #stored: Stored;

  constructor(deps: MarkerDeps, stored: Stored) {
    this.#deps = deps;
    this.#stored = stored;
  }

  /** The progress as it was last stored. */
  get stored(): Stored {
    return this.#stored;
  }

  /**
   * Tries until PostgreSQL has the mark: what the broker accepted and the table does not know would be sent again.
   * Throws EPOCH_LOST once another relay has the slot, DATABASE_SET_BACK if the stored progress has gone back, and the last
   * error when `abandon` is aborted.
   */
  async mark(mark: Mark): Promise<Marked> {
    const { monitor, log, random, abandon } = this.#deps;
    for (let failures = 1; ; failures++) {
      // Also for rows that nobody can see yet, which are marked again and again without a failure.
      abandon.throwIfAborted();
      try {
        const marked = await this.#markOnce(mark);
        monitor.failedMarks = 0;
        return marked;
      } catch (err) {
        if (abandon.aborted || endsMarking(err)) throw err;
        monitor.failedMarks = failures;
        const advice = setupAdvice(err);
        monitor.failed(err, advice);
        log[advice ? 'error' : levelAfter(failures)](
          { err, messages: mark.messages.length },
          `Could not mark what was published; trying again${advice ? `: ${advice}` : ''}`,
        );
        await sleep(backoffMs(failures, random, RETRY_CAP_MS));
      }
    }
  }

  async #markOnce(mark: Mark): Promise<Marked> {
    if (mark.skipLocked) return this.#markUnlocked(mark);
    try {
      return await this.#markAll(mark);
    } catch (error) {
      if (errorCode(error) !== LOCK_NOT_AVAILABLE) throw error;
      return this.#markUnlocked(mark);
    }
  }

  /** Goes around rows that another session has locked. */
  async #markUnlocked(mark: Mark): Promise<Marked> {
    if (mark.as === 'accepted') return this.#markAll({ ...mark, skipLocked: true });
    // An order at a time, each with all that is to be parked of it, or nothing.
    const orders = Map.groupBy(mark.messages, ({ lane, message }) => lane ?? message.messageId);
    const outcomes: Marked[] = [];
    for (const messages of orders.values()) outcomes.push(await this.#parkOrder(mark, messages));
    return {
      again: outcomes.flatMap(({ again }) => again),
      locked: outcomes.flatMap(({ locked = [] }) => locked),
      gone: outcomes.flatMap(({ gone = [] }) => gone),
      progressStored: false,
    };
  }

  async #parkOrder(mark: Mark, messages: readonly Pending[]): Promise<Marked> {
    const { settledLsn, markedLsn } = this.#stored;
    try {
      return await this.#markAll({ ...mark, messages, settledLsn, markedLsn });
    } catch (error) {
      if (errorCode(error) !== LOCK_NOT_AVAILABLE) throw error;
      return { again: [], locked: messages, progressStored: false };
    }
  }

  async #markAll({ as, messages, settledLsn, markedLsn, skipLocked }: Mark): Promise<Marked> {
    const { store, slot, log } = this.#deps;
    const stored = this.#stored;
    const { epoch } = stored;
    const messageIds = messages.map(({ message }) => message.messageId);
    const request = { slot, epoch, messageIds, settledLsn, markedLsn, stored };
    const { hits, progressStored } =
      as === 'accepted'
        ? await store.mark(request, { skipLocked })
        : await store.park({
            ...request,
            reasons: messages.map(({ parked }) => parked?.reason.slice(0, 2_000) ?? null),
            again: messages.map(({ parked }) => parked?.again ?? 'never'),
          });
    if (progressStored && hits === messages.length) {
      this.#stored = { epoch, settledLsn, markedLsn };
      return { again: [], progressStored };
    }
    // With some of the rows left out, only how far marks may have come.
    if (progressStored) this.#stored = { ...stored, markedLsn };
    const progress = await this.#deps.progress.find(slot);
    if (isBehind(progress, stored)) {
      throw new RelayError('DATABASE_SET_BACK', `The progress of the slot ${slot} is not what was stored`);
    }
    if (progress?.epoch !== epoch) {
      throw new RelayError('EPOCH_LOST', `Another relay has taken over the slot ${slot}`);
    }
    if (hits === messageIds.length && as === 'accepted') return { again: [], progressStored: false };
    const { present, settled, done, deferred, snapshot } = await store.look(messageIds);
    // Absent although its transaction can be seen: somebody deleted it again, and there is nothing to mark.
    const isGone = ({ message, transaction }: Pending) =>
      !present.has(message.messageId) && isVisibleIn(snapshot, transaction.xid);
    const gone = messages.filter(isGone);
    if (as === 'parked' && gone.length > 0) {
      const lost = gone.map(({ message }) => message.messageId);
      log.error(
        { messageIds: lost },
        'Deleted from the outbox while they could not be sent: nobody can send them',
      );
    }
    const wasDone = ({ message, parked }: Pending) => parked !== undefined && done.has(message.messageId);
    // One that an operator wanted sent, and that is refused again, waits already, and must be parked all the same.
    const isMarked = ({ message: { messageId }, parked }: Pending) =>
      settled.has(messageId) || (as === 'parked' && parked === undefined && deferred.has(messageId));
    const left = messages.filter((pending) => !isGone(pending) && !isMarked(pending));
    const isLocked = ({ message }: Pending) => skipLocked && present.has(message.messageId);
    return {
      again: left.filter((pending) => !isLocked(pending)),
      locked: left.filter(isLocked),
      // What was accepted before, and marked by a session that could not tell: nothing holds up what waits behind it.
      gone: as === 'parked' ? [...gone, ...messages.filter(wasDone)] : [],
      progressStored: false,
    };
  }
}
