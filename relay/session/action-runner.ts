import { errorCode } from '../../src/core/errors.ts';
import type { Logger } from '../../src/core/log.ts';
import { levelAfter } from '../failures/retry-policy.ts';
import type { DeliveryObserver } from '../monitoring/delivery-observer.ts';
import { epochMs } from '../monitoring/epoch-clock.ts';
import type { RelayMonitor } from '../monitoring/relay-monitor.ts';
import type { OutboxStore } from '../outbox/outbox-store.ts';
import { traceIds } from '../outbox/sampled-trace.ts';
import { PublishError } from '../publishing/publish-error.ts';
import type { Prepared, Publisher } from '../publishing/publisher.ts';
import { RelayError } from '../relay-error.ts';
import type { WalStream } from '../replication/stream.ts';
import type { Action } from './action.ts';
import type { Mark } from './mark.ts';
import type { Marker } from './marker.ts';
import type { Redrive } from './parked-orders.ts';
import type { Pending } from './pending.ts';
import type { RelayState } from './relay-state.ts';

/** What a session works with. */
export interface SessionDeps {
  readonly stream: WalStream;
  readonly state: RelayState;
  readonly marker: Marker;
  readonly store: OutboxStore;
  readonly publisher: Publisher;
  readonly monitor: RelayMonitor;
  readonly observer?: DeliveryObserver | undefined;
  readonly log: Logger;
}

/** Carries out what the state decides, at the broker and in the table, and tells the state what came of it. */
export class ActionRunner {
  readonly #deps: SessionDeps;
  /** Ends the session with this reason. */
  readonly #fail: (error: unknown) => void;
  /** What was told of each destination that a person has to mend, by its code: once is enough. */
  readonly #told = new Map<string, string>();

  constructor(deps: SessionDeps, fail: (error: unknown) => void) {
    this.#deps = deps;
    this.#fail = fail;
  }

  /** Resolves when the state has been told what came of it; rejects if the session cannot go on. */
  run(action: Action): Promise<void> {
    switch (action.kind) {
      case 'verify':
        return this.#verify(action.messages);
      case 'send':
        return this.#send(action.batch);
      case 'mark':
        return this.#mark(action.mark);
      case 'read':
        return this.#read(action.redrives);
    }
  }

  async #verify(messages: readonly Pending[]): Promise<void> {
    const { state, store, monitor } = this.#deps;
    const { settled } = await store.look(messages.map(({ message }) => message.messageId));
    monitor.counts.alreadySettled += settled.size;
    state.verified(messages, settled);
  }

  async #read(redrives: readonly Redrive[]): Promise<void> {
    const { state, store, monitor } = this.#deps;
    const orders = await store.readOrders(redrives.map(({ target }) => target));
    const now = performance.now();
    for (const [at, rows] of orders.entries()) {
      monitor.counts.redriven += rows.messages.length;
      state.read(redrives[at] as Redrive, rows, now);
    }
  }

  async #send(batch: readonly Pending[]): Promise<void> {
    const { state, stream, publisher, monitor, observer } = this.#deps;
    const prepared: Prepared[] = [];
    let sentAt = epochMs();
    for (const { prepared: each } of batch) {
      if (each instanceof PublishError) return this.#onRejected(batch, sentAt, each);
      prepared.push(each);
    }
    try {
      // Before the question who has the slot, since it may take long.
      await publisher.connect((batch[0] as Pending).destination);
      if (!stream.holdsSlot) {
        // It is another relay's to send, or the next session's.
        const lost = new RelayError('STREAM_LOST', 'PostgreSQL may have given the slot to another relay');
        state.rejected(
          batch,
          { kind: 'transient', message: lost.message, retryAfterMs: 0 },
          performance.now(),
        );
        return this.#fail(lost);
      }
      sentAt = epochMs();
      await publisher.send(prepared);
    } catch (error) {
      return this.#onRejected(batch, sentAt, asPublishError(error));
    }
    this.#told.delete((batch[0] as Pending).destination);
    state.accepted(batch, performance.now());
    monitor.accepted(batch, epochMs());
    observer?.accepted(batch, sentAt);
  }

  #onRejected(batch: readonly Pending[], sentAt: number, err: PublishError): void {
    const { state, store, publisher, monitor, observer, log } = this.#deps;
    const now = performance.now();
    const retryAt = state.rejected(batch, err, now);
    monitor.refused(err);
    observer?.refused?.(batch, sentAt, err);
    const [first] = batch;
    const ids = first?.trace && traceIds(first.trace);
    const messageIds = batch.map(({ message }) => message.messageId);
    if (retryAt === undefined) {
      log.error(
        { err, messageId: messageIds[0], aggregateId: first?.message.aggregateId, ...ids },
        err.kind === 'poison'
          ? `${publisher.name} can never take this message: it is parked, and its order waits. See: npm run outbox -- list`
          : `${publisher.name} goes on refusing this message: it is parked and tried again later, and its order waits. See: npm run outbox -- list`,
      );
      return;
    }
    const retryInMs = Math.round(retryAt - now);
    const messages = batch.length;
    const entity = first?.destination ?? '';
    const what = { err, kind: err.kind, entity, messages, firstMessageId: messageIds[0], retryInMs, ...ids };
    const level = this.#levelOf(err, entity);
    const advice = err.kind === 'operator' ? `: ${err.message}` : '';
    log[level](what, `${publisher.name} did not take a batch; it is sent again${advice}`);
    // In the background: nothing waits for what is only there to be read by people.
    store
      .noteFailure(messageIds, err.message, new Date(Date.now() + retryInMs), err.kind !== 'refused')
      .catch((error: unknown) => log.warn({ err: error }, 'Could not note a failed send in the outbox'));
  }

  #levelOf({ kind, code, cause }: PublishError, entity: string): 'debug' | 'warn' | 'error' {
    if (kind === 'transient') return levelAfter(this.#deps.state.figures.failures);
    if (kind !== 'operator') return 'error';
    // That it cannot be connected to has the reason that a send has.
    const reason = errorCode(cause) ?? code;
    const isTold = this.#told.get(entity) === reason;
    this.#told.set(entity, reason);
    return isTold ? 'debug' : 'error';
  }

  async #mark(mark: Mark): Promise<void> {
    const { state, marker, monitor } = this.#deps;
    const outcome = await marker.mark(mark);
    const { again, locked = [] } = outcome;
    const written = mark.messages.length - again.length - locked.length;
    if (mark.as === 'accepted') monitor.counts.settled += written;
    else {
      const parked = countParked(mark.messages) - countParked(again) - countParked(locked);
      monitor.counts.parked += parked;
      monitor.counts.deferred += written - parked;
    }
    state.marked(mark, outcome, performance.now());
  }
}

/** A publisher throws nothing else; should it, nobody knows what became of the batch. */
function asPublishError(error: unknown): PublishError {
  if (error instanceof PublishError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new PublishError(message, {
    kind: 'transient',
    code: 'UNKNOWN',
    outcomeUnknown: true,
    cause: error,
  });
}

function countParked(messages: readonly Pending[]): number {
  return messages.filter(({ parked }) => parked !== undefined).length;
}
