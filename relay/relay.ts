import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { assertSchemaCurrent } from '../src/core/db/schema-version.ts';
import { AppError, errorCode } from '../src/core/errors.ts';
import type { Logger } from '../src/core/log.ts';
import { backoffMs } from './backoff.ts';
import { Marker } from './marker.ts';
import { OutboxStore } from './outbox-store.ts';
import type { Publisher } from './publishing/publisher.ts';
import type { RelayMonitor } from './relay-monitor.ts';
import { DEFAULT_LIMITS, RelayState } from './relay-state.ts';
import { formatLsn, type Lsn } from './replication/lsn.ts';
import { inspectPublication } from './replication/publication.ts';
import { inspectSlot, makeSlot, type NewSlot } from './replication/slot.ts';
import { WalStream } from './replication/stream.ts';
import { Retention, type RetentionOptions } from './retention.ts';
import { Session } from './session.ts';
import { decideStart, type StartDecision } from './start-decision.ts';

export interface RelayDeps {
  /** For the tables. The caller ends it, after `run`. */
  readonly pool: pg.Pool;
  /** For the stream: a role with REPLICATION, straight to the server. */
  readonly replicationUrl: string;
  /** The caller closes it, after `run`. */
  readonly publisher: Publisher;
  readonly slot: string;
  readonly publication: string;
  readonly sessions: boolean;
  /** Without it, settled rows are kept for ever. */
  readonly retention?: RetentionOptions | undefined;
  readonly monitor: RelayMonitor;
  readonly log: Logger;
  readonly random: () => number;
}

const STANDBY_RETRY_MS = 250;
const WATCH_EVERY_MS = 5_000;
/** Faults that come every few seconds, each by itself, must not add up to a long wait. */
const LASTING_SESSION_MS = 1_000;
/** Below it a failing connection is a warning, from then on an error. */
const LOUD_AFTER_FAILURES = 5;
const DRAIN_WITHIN_MS = 15_000;
/** Nothing that waiting would mend: a process that cannot read what it is sent must not go on as if it had. */
const FATAL = new Set(['SCHEMA_BEHIND', 'WAL_MALFORMED', 'OUTBOX_UNREADABLE']);

/**
 * Relays the outbox to the broker until `stopping`, session after session: whatever is away is waited for. Resolves when
 * what was in flight is settled; rejects only for what no waiting can mend.
 */
export async function runRelay(deps: RelayDeps, stopping: AbortSignal): Promise<void> {
  const { publisher, monitor, log } = deps;
  const abandon = new AbortController();
  stopping.addEventListener('abort', () => {
    setTimeout(() => abandon.abort(), DRAIN_WITHIN_MS).unref();
  });
  publisher.connect().catch((err: unknown) => {
    monitor.failed(err);
    log.warn({ err }, 'Service Bus cannot be reached; trying again with the first message');
  });
  const retention = deps.retention && new Retention(deps, deps.retention);
  const memory: RelayMemory = { lastConfirmed: 0n, settleRequested: false, failures: 0, retention };
  while (!stopping.aborted) {
    const startedAt = performance.now();
    try {
      if (monitor.phase !== 'standby') monitor.enter('connecting');
      await runSession(deps, memory, stopping, abandon.signal);
    } catch (err) {
      if (err instanceof AppError && FATAL.has(err.code)) throw err;
      // One that dies right after its start is not a success, or it would be started over and over.
      if (performance.now() - startedAt > LASTING_SESSION_MS) memory.failures = 0;
      await pause(waitAfter(err, deps, memory, stopping), stopping);
    }
  }
  monitor.enter('stopped');
}

/** What one session leaves to the next in the same process. */
interface RelayMemory {
  lastConfirmed: Lsn;
  settleRequested: boolean;
  /** Failures in a row. */
  failures: number;
  readonly retention: Retention | undefined;
}

function waitAfter(err: unknown, deps: RelayDeps, memory: RelayMemory, stopping: AbortSignal): number {
  const { monitor, log, random } = deps;
  if (errorCode(err) === 'SETTLE_REQUESTED') {
    memory.settleRequested = true;
    return 0;
  }
  if (errorCode(err) === 'SLOT_BUSY') {
    if (monitor.phase !== 'standby') log.info(`${(err as Error).message}; standing by`);
    monitor.enter('standby');
    return STANDBY_RETRY_MS;
  }
  memory.failures++;
  monitor.failed(err);
  monitor.enter('waiting');
  const retryInMs = Math.round(backoffMs(memory.failures, random));
  const level = memory.failures < LOUD_AFTER_FAILURES ? 'warn' : 'error';
  if (!stopping.aborted) log[level]({ err, retryInMs }, 'Not streaming; trying again');
  return retryInMs;
}

async function runSession(
  deps: RelayDeps,
  memory: RelayMemory,
  stopping: AbortSignal,
  abandon: AbortSignal,
): Promise<void> {
  const { pool, publisher, slot, publication, monitor, log, random, sessions } = deps;
  const store = new OutboxStore(pool);
  await assertSchemaCurrent(pool);
  const publicationVersion = await inspectPublication(pool, publication);
  const start = await findStart(deps, store, publicationVersion, memory);
  try {
    const stream = await WalStream.open({ url: deps.replicationUrl, slot, publication, from: start.from });
    let watch: NodeJS.Timeout | undefined;
    const ending = new AbortController();
    try {
      const epoch = await store.claim(slot, start.epoch, publicationVersion);
      if (epoch === undefined) throw new AppError('SLOT_BUSY', `Another relay has been at the slot ${slot}`);
      await start.made?.release();
      monitor.epoch = epoch;
      monitor.counts.sessions++;
      log.info({ slot, epoch: String(epoch), from: formatLsn(start.from) }, 'Streaming');

      const state = new RelayState({
        limits: { ...DEFAULT_LIMITS, sessions },
        random,
        settledLsn: start.made ? 0n : start.from,
        markedLsn: start.markedLsn,
        // Settling the table sends what only waited for an operator: whoever asked for that may not have been heard.
        heldOrders: await store.heldOrders({ deferred: start.made === undefined }),
      });
      const marker = new Marker({ store, slot, monitor, log, random, abandon }, epoch);
      const session = new Session({ stream, state, marker, store, publisher, monitor, log });
      watch = watchPublication(deps, publicationVersion, session);
      void memory.retention?.run(ending.signal);
      await session.run(start.made, stopping);
    } finally {
      ending.abort();
      clearInterval(watch);
      memory.lastConfirmed = stream.confirmedLsn;
      await stream.close();
    }
  } finally {
    await start.made?.release();
  }
}

interface Start {
  readonly from: Lsn;
  readonly markedLsn: Lsn;
  /** The epoch of the progress that this was decided on. */
  readonly epoch: bigint;
  readonly made: NewSlot | undefined;
}

async function findStart(
  deps: RelayDeps,
  store: OutboxStore,
  publicationVersion: string,
  memory: RelayMemory,
): Promise<Start> {
  const { pool, slot, monitor, log } = deps;
  const info = await inspectSlot(pool, slot);
  if (info?.active) throw new AppError('SLOT_BUSY', `Another relay has the slot ${slot}`);
  const progress = await store.progress(slot);
  const unsettled = await store.hasUnsettled();
  const decision: StartDecision = memory.settleRequested
    ? { kind: 'settle', why: 'an operator has asked for it' }
    : decideStart(info, progress, publicationVersion, unsettled, memory.lastConfirmed);
  if (decision.kind === 'stream') {
    return {
      from: decision.from,
      markedLsn: progress?.markedLsn ?? 0n,
      epoch: progress?.epoch ?? 0n,
      made: undefined,
    };
  }
  // The first start of a relay is an ordinary thing; a slot that is gone later is not.
  log[progress ? 'warn' : 'info']({ slot }, `Settling from the table: ${decision.why}`);
  const made = await makeSlot(deps.replicationUrl, slot, () => store.restart(slot, progress?.epoch ?? 0n));
  memory.settleRequested = false;
  monitor.counts.tableSettlements++;
  log.info(
    { slot, unsettled: made.positions.length },
    'Made the replication slot; so many rows are unsettled',
  );
  return { from: made.consistentLsn, markedLsn: 0n, epoch: made.epoch, made };
}

/**
 * Looks now and then whether the publication is as it was. Also notices a PostgreSQL that is gone while the stream is paused
 * and hears nothing; one answer that is late is no sign of that.
 */
function watchPublication(deps: RelayDeps, version: string, session: Session): NodeJS.Timeout {
  let late = 0;
  const look = async () => {
    try {
      const current = await inspectPublication(deps.pool, deps.publication);
      late = 0;
      if (current === version) return;
      session.fail(
        new AppError('PUBLICATION_UNUSABLE', `The publication ${deps.publication} has been changed`),
      );
    } catch (error) {
      if (errorCode(error) !== undefined || ++late > 1) session.fail(error);
    }
  };
  return setInterval(() => void look(), WATCH_EVERY_MS);
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined); // being woken by the stop is the point
}
