import type { Lsn } from '../lsn.ts';
import { epochMs } from '../monitoring/epoch-clock.ts';
import type { SessionFigures } from '../monitoring/session-figures.ts';
import { parseRequest, type RedriveTarget } from '../outbox/operator-request.ts';
import { readUnsettled, type UnsettledTable } from '../recovery/unsettled-table.ts';
import { RelayError } from '../relay-error.ts';
import type { WalEvent } from '../replication/outbox-decoder.ts';
import type { StreamHandler } from '../replication/stream-handler.ts';
import type { Action } from './action.ts';
import { ActionRunner, type SessionDeps } from './action-runner.ts';

/**
 * One connection to the stream: carries events from PostgreSQL to the state, and what the state decides to the broker and to the
 * table. Decides nothing itself.
 */
export class Session implements StreamHandler {
  readonly #deps: SessionDeps;
  readonly #runner: ActionRunner;
  readonly #failed = Promise.withResolvers<never>();
  /** Aborted when marks cannot be written any more, so that nothing is left to wait for. */
  readonly #marksLost = new AbortController();
  /** Until the table is through, nothing of the stream is taken in. */
  #feeding = true;
  /** Those of the open transaction. */
  #redrives: RedriveTarget[] = [];
  readonly #ending = new AbortController();
  #pumpScheduled = false;
  /** When this turn of the event loop began to bring events: a clock that is read for each costs more than to know it of each. */
  #turnBegan = 0;
  #wake: NodeJS.Timeout | undefined;
  #pumped = Promise.withResolvers<void>();

  constructor(deps: SessionDeps) {
    this.#deps = deps;
    this.#runner = new ActionRunner(deps, (error) => this.fail(error));
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

  /** Ends the session with this reason. */
  fail(error: unknown): void {
    this.#failed.reject(error);
  }

  onEvent(event: WalEvent): void {
    if (this.#ended) return;
    const { state, monitor, observer } = this.#deps;
    switch (event.kind) {
      case 'begin': {
        const transaction = state.begin(event.commitLsn, event.xid);
        transaction.committedAt = event.committedAt;
        this.#schedulePump();
        if (observer) transaction.decodedAt = this.#turnBegan;
        break;
      }
      case 'insert':
        monitor.counts.received++;
        state.insert(event.message);
        break;
      case 'commit':
        state.commit(event.endLsn);
        this.#tellRedrives();
        break;
      case 'request':
        this.#onRequest(event.content);
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

  #onRequest(content: Buffer): void {
    const { state, log } = this.#deps;
    const request = parseRequest(content);
    if (!request)
      log.warn({ text: content.toString('utf8', 0, 200) }, 'Passed over a request that is none in the WAL');
    else if ('settle' in request) {
      // Until the table is settled, whoever streams next has to hear of it too.
      state.leaveForNext();
      this.fail(new RelayError('RECOVERY_REQUESTED', 'An operator has asked for it'));
    } else {
      state.redrive(request.redrive);
      this.#redrives.push(request.redrive);
    }
  }

  /** In one line: an operator may ask for thousands of orders at once. */
  #tellRedrives(): void {
    const [redrive] = this.#redrives;
    if (!redrive) return;
    const orders = this.#redrives.length;
    this.#redrives = [];
    this.#deps.log.info({ redrive, orders }, 'An operator wants messages sent again');
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
        while (state.backlog.isFull && !this.#ended) await this.#pumped.promise;
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
    this.#turnBegan = epochMs();
    // After what the socket has just brought: a chunk of events makes one batch, not as many as there are events.
    setImmediate(() => {
      this.#pumpScheduled = false;
      this.#pump();
    });
  }

  #pump(): void {
    const { state, stream, publisher, monitor } = this.#deps;
    const now = performance.now();
    const next = () => state.next(now, publisher.limits.maxBatchBytes);
    for (let action = next(); action; action = next()) this.#perform(action);
    monitor.unsettled = state.backlog.count;
    monitor.handledLsn = state.handledLsn;
    this.#tellFigures(state.figures);
    if (!this.#ended) {
      if (state.backlog.isFull || this.#feeding) stream.pause();
      else stream.resume();
    }
    clearTimeout(this.#wake);
    const wakeAt = state.wakeAt(now);
    if (wakeAt !== undefined) this.#wake = setTimeout(() => this.#pump(), Math.max(1, wakeAt - now));
    this.#pumped.resolve();
    this.#pumped = Promise.withResolvers();
  }

  #tellFigures(figures: SessionFigures): void {
    const { monitor, publisher, log } = this.#deps;
    if (figures.sendsSingly && !monitor.figures.sendsSingly) {
      log.warn(
        `${publisher.name} refuses batches of messages that it takes one by one: from now on they go singly`,
      );
    }
    monitor.figures = figures;
  }

  #perform(action: Action): void {
    const { state, stream } = this.#deps;
    this.#runner.run(action).then(
      () => {
        if (action.kind === 'mark' && !this.#ended) {
          stream.confirm(state.storedLsn);
        }
        this.#pump();
      },
      (error: unknown) => {
        if (action.kind === 'mark') this.#marksLost.abort();
        this.fail(error);
      },
    );
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
