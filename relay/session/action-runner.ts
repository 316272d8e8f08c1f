import type { Logger } from '../../src/core/log.ts';
import type { RelayMonitor } from '../monitoring/relay-monitor.ts';
import type { OutboxStore } from '../outbox/outbox-store.ts';
import type { Publisher } from '../publishing/publisher.ts';
import { classifyFailure } from '../publishing/service-bus/classify-failure.ts';
import { RelayError } from '../relay-error.ts';
import type { WalStream } from '../replication/stream.ts';
import type { Marker } from './marker.ts';
import type { Redrive } from './parked-orders.ts';
import type { Effect, RelayState } from './relay-state.ts';
import type { Mark, Pending } from './settlement.ts';

/** What a session works with. */
export interface SessionDeps {
  readonly stream: WalStream;
  readonly state: RelayState;
  readonly marker: Marker;
  readonly store: OutboxStore;
  readonly publisher: Publisher;
  readonly monitor: RelayMonitor;
  readonly log: Logger;
}

/** Below it a failing broker is a warning, from then on an error. */
const LOUD_AFTER_FAILURES = 5;

/** Carries out what the state decides, at the broker and in the table, and tells the state what came of it. */
export class Effects {
  readonly #deps: SessionDeps;
  /** Ends the session with this reason. */
  readonly #fail: (error: unknown) => void;

  constructor(deps: SessionDeps, fail: (error: unknown) => void) {
    this.#deps = deps;
    this.#fail = fail;
  }

  /** Resolves when the state has been told what came of it; rejects if the session cannot go on. */
  carryOut(effect: Effect): Promise<void> {
    switch (effect.kind) {
      case 'verify':
        return this.#verify(effect.messages);
      case 'send':
        return this.#send(effect.batch);
      case 'mark':
        return this.#mark(effect.mark);
      case 'read':
        return this.#read(effect.redrive);
    }
  }

  async #verify(messages: readonly Pending[]): Promise<void> {
    const { state, store, monitor } = this.#deps;
    const { settled } = await store.look(messages.map(({ message }) => message.messageId));
    monitor.counts.alreadySettled += settled.size;
    state.verified(messages, settled);
  }

  async #read(redrive: Redrive): Promise<void> {
    const { state, store, monitor } = this.#deps;
    const rows = await store.readOrder(redrive.target);
    monitor.counts.redriven += rows.messages.length;
    state.read(redrive, rows, performance.now());
  }

  async #send(batch: readonly Pending[]): Promise<void> {
    const { state, stream, publisher, monitor } = this.#deps;
    try {
      // Before the question who has the slot, since it may take long.
      await publisher.connect();
      if (!stream.holdsSlot) {
        // It is another relay's to send, or the next session's.
        const lost = new RelayError('STREAM_LOST', 'PostgreSQL may have given the slot to another relay');
        state.rejected(batch, classifyFailure(lost), performance.now());
        return this.#fail(lost);
      }
      await publisher.send(batch.map(({ message }) => message));
    } catch (error) {
      this.#onRejected(batch, error);
      return;
    }
    state.accepted(batch, performance.now());
    monitor.counts.published += batch.length;
    monitor.lastPublishedAt = new Date();
  }

  #onRejected(batch: readonly Pending[], err: unknown): void {
    const { state, store, monitor, log } = this.#deps;
    const failure = classifyFailure(err);
    const now = performance.now();
    const retryAt = state.rejected(batch, failure, now);
    monitor.counts.rejectedBatches++;
    monitor.failed(err);
    const messageIds = batch.map(({ message }) => message.messageId);
    if (retryAt === undefined) {
      log.error(
        { err, messageId: messageIds[0], aggregateId: batch[0]?.message.aggregateId },
        'Service Bus can never take this message: it is parked, and its order waits. See: npm run outbox -- list',
      );
      return;
    }
    const retryInMs = Math.round(retryAt - now);
    const what = {
      err,
      kind: failure.kind,
      messages: batch.length,
      firstMessageId: messageIds[0],
      retryInMs,
    };
    const level = failure.kind === 'transient' && state.failures < LOUD_AFTER_FAILURES ? 'warn' : 'error';
    log[level](what, 'Service Bus did not take a batch; it is sent again');
    // In the background: nothing waits for what is only there to be read by people.
    store
      .noteFailure(messageIds, failure.message, new Date(Date.now() + retryInMs))
      .catch((error: unknown) => log.warn({ err: error }, 'Could not note a failed send in the outbox'));
  }

  async #mark(mark: Mark): Promise<void> {
    const { state, marker, monitor } = this.#deps;
    const outcome = await marker.mark(mark);
    const written = mark.messages.length - outcome.again.length;
    if (mark.as === 'accepted') monitor.counts.settled += written;
    else {
      const parked = countParked(mark.messages) - countParked(outcome.again);
      monitor.counts.parked += parked;
      monitor.counts.deferred += written - parked;
    }
    state.marked(mark, outcome, performance.now());
  }
}

function countParked(messages: readonly Pending[]): number {
  return messages.filter(({ parkedBecause }) => parkedBecause !== undefined).length;
}
