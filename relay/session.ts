import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../src/core/errors.ts';
import type { Logger } from '../src/core/log.ts';
import { backoffMs } from './backoff.ts';
import type { OutboxMessage } from './outbox-message.ts';
import type { OutboxStore } from './outbox-store.ts';
import { classifyFailure } from './publishing/publish-failure.ts';
import type { Publisher } from './publishing/publisher.ts';
import type { RelayMonitor } from './relay-monitor.ts';
import type { Effect, Mark, MarkOutcome, Pending, RelayState } from './relay-state.ts';
import type { Lsn } from './replication/lsn.ts';
import type { WalEvent } from './replication/outbox-decoder.ts';
import type { WalStream } from './replication/stream.ts';
import { haveEnded, isVisibleIn } from './row-visibility.ts';

export interface SessionDeps {
  readonly state: RelayState;
  readonly store: OutboxStore;
  readonly publisher: Publisher;
  readonly monitor: RelayMonitor;
  readonly log: Logger;
  readonly slot: string;
  readonly random: () => number;
  /** Aborted when marks that cannot be written are no longer to be waited for. */
  readonly abandon: AbortSignal;
}

const TABLE_CHUNK = 1_000;
const READ_AGAIN_MS = 50;
const MARK_RETRY_CAP_MS = 2_000;
/** Below it a failure is a warning, from then on an error. */
const LOUD_AFTER_FAILURES = 5;

/**
 * One stay at the stream: carries events from PostgreSQL to the state, and what the state decides to the broker and to the
 * table. Decides nothing itself.
 */
export class Session {
  readonly #deps: SessionDeps;
  readonly #failed = Promise.withResolvers<never>();
  readonly #epochLost = new AbortController();
  #stay: Stay | undefined;
  /** Until the table is through, nothing of the stream is taken in. */
  #feeding = true;
  #ended = false;
  #pumpScheduled = false;
  #wake: NodeJS.Timeout | undefined;
  #pumped = Promise.withResolvers<void>();

  constructor(deps: SessionDeps) {
    this.#deps = deps;
    this.#failed.promise.catch(() => undefined); // the session may have ended for another reason before
  }

  onEvent(event: WalEvent): void {
    if (this.#ended) return;
    const { state, monitor } = this.#deps;
    switch (event.kind) {
      case 'begin':
        state.begin(event.commitLsn, event.xid);
        break;
      case 'insert':
        monitor.counts.received++;
        state.insert(event.message);
        break;
      case 'commit':
        state.commit(event.endLsn);
        break;
      case 'history':
      case 'other':
        return;
    }
    this.#schedulePump();
  }

  onKeepalive(lsn: Lsn): void {
    // A position that is confirmed must not lie behind events which were not taken in.
    if (this.#ended) return;
    this.#deps.state.keepalive(lsn);
    this.#schedulePump();
  }

  /** Settles the rows of the table first, if there are any, then streams until the stream ends, something fails, or `stopping`. */
  async run(stay: Stay, stopping: AbortSignal): Promise<void> {
    this.#stay = stay;
    try {
      const work = this.#feedTable(stay.table).then(() => stay.stream.ended);
      await Promise.race([work, this.#failed.promise, stay.stream.ended, aborted(stopping)]);
    } finally {
      await this.#end(stay);
    }
  }

  /** Ends the stay with this reason. */
  fail(error: unknown): void {
    this.#failed.reject(error);
  }

  async #feedTable(table: UnsettledTable | undefined): Promise<void> {
    const { state, monitor } = this.#deps;
    if (table) {
      monitor.enter('settling');
      // To the state, the table is one long transaction before all others.
      state.begin(table.consistentLsn, 0);
      for (let at = 0; at < table.positions.length; at += TABLE_CHUNK) {
        while (state.isFull && !this.#ended) await this.#pumped.promise;
        const messages = await this.#readTable(table, [...table.positions.subarray(at, at + TABLE_CHUNK)]);
        if (this.#ended) return;
        monitor.counts.received += messages.length;
        for (const message of messages) state.insert(message);
        this.#pump();
      }
      state.commit(table.consistentLsn);
    }
    this.#feeding = false;
    monitor.enter('streaming');
    this.#pump();
  }

  /** A row of the scan that is not seen now was deleted, unless its transaction is one that others do not see yet. */
  async #readTable(table: UnsettledTable, positions: readonly bigint[]): Promise<OutboxMessage[]> {
    const { store } = this.#deps;
    let messages = await store.readAt(positions);
    for (let allVisible = false; messages.length < positions.length && !allVisible && !this.#ended; ) {
      allVisible = haveEnded(table.snapshot, await store.snapshot());
      if (!allVisible) await sleep(READ_AGAIN_MS);
      messages = await store.readAt(positions);
    }
    return messages;
  }

  async #end({ stream }: Stay): Promise<void> {
    const { state, monitor, abandon } = this.#deps;
    this.#ended = true;
    monitor.enter('draining');
    state.drain();
    this.#pump();
    const givenUp = AbortSignal.any([abandon, this.#epochLost.signal]);
    while (!state.isDrained && !givenUp.aborted) {
      await Promise.race([this.#pumped.promise, aborted(givenUp)]);
    }
    clearTimeout(this.#wake);
    await stream.confirmLast(state.storedLsn);
  }

  #schedulePump(): void {
    if (this.#pumpScheduled) return;
    this.#pumpScheduled = true;
    // After what the socket has just brought: a chunk of events makes one batch, not as many as there are events.
    setImmediate(() => {
      this.#pumpScheduled = false;
      this.#pump();
    });
  }

  #pump(): void {
    const { state, monitor } = this.#deps;
    const now = performance.now();
    for (let effect = this.#next(now); effect; effect = this.#next(now)) this.#perform(effect);
    monitor.unsettled = state.unsettled;
    monitor.handledLsn = state.handledLsn;
    monitor.failedSends = state.failures + state.resting;
    if (!this.#ended) {
      if (state.isFull || this.#feeding) this.#stay?.stream.pause();
      else this.#stay?.stream.resume();
    }
    clearTimeout(this.#wake);
    const wakeAt = state.wakeAt(now);
    if (wakeAt !== undefined) this.#wake = setTimeout(() => this.#pump(), Math.max(1, wakeAt - now));
    this.#pumped.resolve();
    this.#pumped = Promise.withResolvers();
  }

  #next(now: number): Effect | undefined {
    return this.#deps.state.next(now, this.#deps.publisher.maxBatchBytes);
  }

  #perform(effect: Effect): void {
    this.#carryOut(effect).then(
      () => this.#pump(),
      (error: unknown) => this.fail(error),
    );
  }

  #carryOut(effect: Effect): Promise<void> {
    switch (effect.kind) {
      case 'verify':
        return this.#verify(effect.messages);
      case 'send':
        return this.#send(effect.batch);
      case 'mark':
        return this.#mark(effect.mark);
    }
  }

  async #verify(messages: readonly Pending[]): Promise<void> {
    const { state, store, monitor } = this.#deps;
    const { settled } = await store.look(messages.map(({ message }) => message.messageId));
    monitor.counts.alreadySettled += settled.size;
    state.verified(messages, settled);
  }

  async #send(batch: readonly Pending[]): Promise<void> {
    const { state, publisher, monitor, log } = this.#deps;
    try {
      await publisher.send(batch.map(({ message }) => message));
    } catch (err) {
      const failure = classifyFailure(err);
      const retryInMs = state.rejected(batch, failure, performance.now()) - performance.now();
      monitor.counts.rejectedBatches++;
      monitor.failed(err);
      const what = {
        err,
        kind: failure.kind,
        messages: batch.length,
        firstMessageId: batch[0]?.message.messageId,
      };
      const level = failure.kind === 'transient' && state.failures < LOUD_AFTER_FAILURES ? 'warn' : 'error';
      log[level](
        { ...what, retryInMs: Math.round(retryInMs) },
        'Service Bus did not take a batch; it is sent again',
      );
      this.#noteFailure(batch, failure.message, retryInMs);
      return;
    }
    state.accepted(batch, performance.now());
    monitor.counts.published += batch.length;
    monitor.lastPublishedAt = new Date();
  }

  /** In the background: nothing waits for what is only there to be read by people. */
  #noteFailure(batch: readonly Pending[], message: string, retryInMs: number): void {
    const { store, log } = this.#deps;
    const ids = batch.map((pending) => pending.message.messageId);
    store
      .noteFailure(ids, message, new Date(Date.now() + retryInMs))
      .catch((err: unknown) => log.warn({ err }, 'Could not note a failed send in the outbox'));
  }

  /** Tries until PostgreSQL has the mark: what the broker accepted and the table does not know would be sent again. */
  async #mark(mark: Mark): Promise<void> {
    const { state, monitor, log, random, abandon } = this.#deps;
    for (let failures = 1; ; failures++) {
      try {
        const outcome = await this.#markOnce(mark);
        monitor.counts.settled += mark.messages.length - outcome.again.length;
        state.marked(mark, outcome, performance.now());
        if (!this.#ended) this.#stay?.stream.confirm(state.storedLsn);
        return;
      } catch (err) {
        if (abandon.aborted || this.#epochLost.signal.aborted) throw err;
        monitor.failed(err);
        const level = failures < LOUD_AFTER_FAILURES ? 'warn' : 'error';
        log[level](
          { err, messages: mark.messages.length },
          'Could not mark what was published; trying again',
        );
        await sleep(backoffMs(failures, random, MARK_RETRY_CAP_MS));
      }
    }
  }

  async #markOnce(mark: Mark): Promise<MarkOutcome> {
    const { store, slot } = this.#deps;
    const { epoch = 0n } = this.#stay ?? {};
    const messageIds = mark.messages.map(({ message }) => message.messageId);
    const { settledLsn, markedLsn } = mark;
    const { hits, progressStored } = await store.mark({ slot, epoch, messageIds, settledLsn, markedLsn });
    if (progressStored) return { again: [], progressStored };
    if (!(await store.isCurrent(slot, epoch))) {
      this.#epochLost.abort();
      throw new AppError('EPOCH_LOST', `Another relay has taken over the slot ${slot}`);
    }
    if (hits === messageIds.length) return { again: [], progressStored };
    const { present, settled, snapshot } = await store.look(messageIds);
    const again = mark.messages.filter(({ message: { messageId }, transaction }) =>
      // Absent although its transaction can be seen: its writer deleted it again, and there is nothing to mark.
      present.has(messageId) ? !settled.has(messageId) : !isVisibleIn(snapshot, transaction.xid),
    );
    return { again, progressStored };
  }
}

/** What a session holds while it lasts. */
export interface Stay {
  readonly stream: WalStream;
  readonly epoch: bigint;
  /** Rows to settle before anything of the stream. */
  readonly table: UnsettledTable | undefined;
}

export interface UnsettledTable {
  readonly positions: BigInt64Array;
  readonly consistentLsn: Lsn;
  /** Taken after the scan that found the positions. */
  readonly snapshot: string;
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
