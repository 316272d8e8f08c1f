import { AppError } from '../src/core/errors.ts';
import type { Logger } from '../src/core/log.ts';
import type { Redrive } from './held-orders.ts';
import type { Marker } from './marker.ts';
import { parseRequest } from './operator-request.ts';
import type { OutboxStore } from './outbox-store.ts';
import { classifyFailure } from './publishing/publish-failure.ts';
import type { Publisher } from './publishing/publisher.ts';
import type { RelayMonitor } from './relay-monitor.ts';
import type { Effect, RelayState } from './relay-state.ts';
import type { Lsn } from './replication/lsn.ts';
import type { WalEvent } from './replication/outbox-decoder.ts';
import type { StreamHandler, WalStream } from './replication/stream.ts';
import type { Mark, Pending } from './settlement.ts';
import { readUnsettled, type UnsettledTable } from './unsettled-table.ts';

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

/**
 * One stay at the stream: carries events from PostgreSQL to the state, and what the state decides to the broker and to the
 * table. Decides nothing itself.
 */
export class Session implements StreamHandler {
  readonly #deps: SessionDeps;
  readonly #failed = Promise.withResolvers<never>();
  /** Aborted when marks cannot be written any more, so that nothing is left to wait for. */
  readonly #marksLost = new AbortController();
  /** Until the table is through, nothing of the stream is taken in. */
  #feeding = true;
  readonly #ending = new AbortController();
  #pumpScheduled = false;
  #wake: NodeJS.Timeout | undefined;
  #pumped = Promise.withResolvers<void>();

  constructor(deps: SessionDeps) {
    this.#deps = deps;
    this.#failed.promise.catch(() => undefined); // the session may have ended for another reason before
  }

  /**
   * Settles the table first, if there is one to settle, then streams until the stream ends, something fails, or `stopping`.
   * When it returns or throws, what was in flight is marked, unless marks cannot be written any more.
   */
  async run(table: UnsettledTable | undefined, stopping: AbortSignal): Promise<void> {
    const { stream, store } = this.#deps;
    // A server that stops waits for the connection to end, while what is in flight waits for the server.
    stream.ended.catch(() => stream.close());
    try {
      stream.attach(this);
      const work = this.#feedTable(table).then(() => stream.ended);
      await Promise.race([work, this.#failed.promise, stream.ended, aborted(stopping)]);
    } catch (error) {
      store.probeConnections();
      await stream.close();
      throw error;
    } finally {
      await this.#end();
    }
  }

  /** Ends the stay with this reason. */
  fail(error: unknown): void {
    this.#failed.reject(error);
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
      case 'request':
        this.#onRequest(event.text);
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

  get storedLsn(): Lsn {
    return this.#deps.state.storedLsn;
  }

  get handledLsn(): Lsn {
    return this.#deps.state.handledLsn;
  }

  get #ended(): boolean {
    return this.#ending.signal.aborted;
  }

  #onRequest(text: string): void {
    const { state, log } = this.#deps;
    const request = parseRequest(text);
    if (!request) log.warn({ text: text.slice(0, 200) }, 'Passed over a request that is none in the WAL');
    else if ('settle' in request) {
      // Until the table is settled, whoever streams next has to hear of it too.
      state.leaveForNext();
      this.fail(new AppError('SETTLE_REQUESTED', 'An operator has asked for it'));
    } else {
      log.info(request, 'An operator wants messages sent again');
      state.redrive(request.redrive);
    }
  }

  async #feedTable(table: UnsettledTable | undefined): Promise<void> {
    const { state, store, monitor } = this.#deps;
    if (table) {
      monitor.enter('settling');
      // To the state, the table is one long transaction before all others.
      state.begin(table.consistentLsn, 0);
      for await (const messages of readUnsettled(store, table, this.#ending.signal)) {
        if (this.#ended) return;
        monitor.counts.received += messages.length;
        for (const message of messages) state.insert(message);
        this.#pump();
        while (state.isFull && !this.#ended) await this.#pumped.promise;
      }
      if (this.#ended) return;
      state.commit(table.consistentLsn);
    }
    this.#feeding = false;
    monitor.enter('streaming');
    this.#pump();
  }

  async #end(): Promise<void> {
    const { state, stream, monitor } = this.#deps;
    this.#ending.abort();
    monitor.enter('draining');
    state.drain();
    this.#pump();
    const marksLost = aborted(this.#marksLost.signal);
    while (!state.isDrained && !this.#marksLost.signal.aborted) {
      await Promise.race([this.#pumped.promise, marksLost]);
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
    const { state, stream, publisher, monitor } = this.#deps;
    const now = performance.now();
    const next = () => state.next(now, publisher.maxBatchBytes);
    for (let effect = next(); effect; effect = next()) this.#perform(effect);
    monitor.unsettled = state.unsettled;
    monitor.handledLsn = state.handledLsn;
    monitor.failedSends = state.failures;
    monitor.heldOrders = state.heldOrders;
    if (!this.#ended) {
      if (state.isFull || this.#feeding) stream.pause();
      else stream.resume();
    }
    clearTimeout(this.#wake);
    const wakeAt = state.wakeAt(now);
    if (wakeAt !== undefined) this.#wake = setTimeout(() => this.#pump(), Math.max(1, wakeAt - now));
    this.#pumped.resolve();
    this.#pumped = Promise.withResolvers();
  }

  #perform(effect: Effect): void {
    this.#carryOut(effect).then(
      () => this.#pump(),
      (error: unknown) => {
        if (effect.kind === 'mark') this.#marksLost.abort();
        this.fail(error);
      },
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
        const lost = new AppError('STREAM_LOST', 'PostgreSQL may have given the slot to another relay');
        state.rejected(batch, classifyFailure(lost), performance.now());
        return this.fail(lost);
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
    const { state, stream, marker, monitor } = this.#deps;
    const outcome = await marker.mark(mark);
    const written = mark.messages.filter((pending) => !outcome.again.includes(pending));
    if (mark.as === 'accepted') monitor.counts.settled += written.length;
    else {
      const parked = written.filter(({ parkedBecause }) => parkedBecause !== undefined).length;
      monitor.counts.parked += parked;
      monitor.counts.deferred += written.length - parked;
    }
    state.marked(mark, outcome, performance.now());
    if (!this.#ended) stream.confirm(state.storedLsn);
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
