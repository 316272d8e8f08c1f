import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { assertSchemaCurrent } from '../src/core/db/schema-version.ts';
import { AppError, errorCode } from '../src/core/errors.ts';
import type { Logger } from '../src/core/log.ts';
import { backoffMs } from './backoff.ts';
import { OutboxStore } from './outbox-store.ts';
import type { Publisher } from './publishing/publisher.ts';
import type { RelayMonitor } from './relay-monitor.ts';
import { DEFAULT_LIMITS, RelayState } from './relay-state.ts';
import { formatLsn, type Lsn } from './replication/lsn.ts';
import { inspectPublication } from './replication/publication.ts';
import { decideStart, inspectSlot, makeSlot, type NewSlot, type StartDecision } from './replication/slot.ts';
import { openStream } from './replication/stream.ts';
import { Session } from './session.ts';

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
  readonly monitor: RelayMonitor;
  readonly log: Logger;
  readonly random: () => number;
}

const STANDBY_RETRY_MS = 250;
const PUBLICATION_CHECK_MS = 15_000;
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
  const memory: RelayMemory = { lastConfirmed: 0n, failures: 0, distrust: undefined };
  while (!stopping.aborted) {
    try {
      if (monitor.phase !== 'standby') monitor.enter('connecting');
      await runSession(deps, memory, stopping, abandon.signal);
    } catch (err) {
      if (err instanceof AppError && FATAL.has(err.code)) throw err;
      await pause(waitAfter(err, deps, memory, stopping), stopping);
    }
  }
  monitor.enter('stopped');
}

/** What one session leaves to the next in the same process. */
interface RelayMemory {
  lastConfirmed: Lsn;
  /** Failures in a row. */
  failures: number;
  /** Why the stream cannot be trusted to have shown everything. */
  distrust: string | undefined;
}

function waitAfter(err: unknown, deps: RelayDeps, memory: RelayMemory, stopping: AbortSignal): number {
  const { monitor, log, random } = deps;
  const code = errorCode(err);
  if (code === 'SLOT_BUSY') {
    if (monitor.phase !== 'standby') log.info(`${(err as Error).message}; standing by`);
    monitor.enter('standby');
    return STANDBY_RETRY_MS;
  }
  if (code === 'PUBLICATION_UNUSABLE') memory.distrust = 'the publication was not what it has to be';
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
  const { pool, publisher, slot, monitor, log, random, sessions } = deps;
  const store = new OutboxStore(pool);
  await assertSchemaCurrent(pool);
  const publicationIdentity = await usablePublication(deps, store);
  const start = await findStart(deps, store, memory);
  try {
    const state = new RelayState({
      limits: { ...DEFAULT_LIMITS, sessions },
      random,
      settledLsn: start.made ? 0n : start.from,
      markedLsn: start.markedLsn,
    });
    const session = new Session({ state, store, publisher, monitor, log, slot, random, abandon });
    const stream = await openStream({
      url: deps.replicationUrl,
      slot,
      publication: deps.publication,
      from: start.from,
      paused: start.made !== undefined,
      onEvent: (event) => session.onEvent(event),
      onKeepalive: (lsn) => session.onKeepalive(lsn),
      confirmable: () => state.confirmableLsn,
      onConfirmed: (lsn) => {
        memory.lastConfirmed = lsn;
      },
    });
    const watch = setInterval(
      () => void watchPublication(deps, publicationIdentity, session),
      PUBLICATION_CHECK_MS,
    );
    try {
      const epoch = await store.claim(slot);
      await start.made?.release();
      memory.failures = 0;
      memory.distrust = undefined;
      monitor.epoch = epoch;
      monitor.counts.sessions++;
      log.info({ slot, epoch: String(epoch), from: formatLsn(start.from) }, 'Streaming');
      await session.run({ stream, epoch, table: start.made }, stopping);
    } finally {
      clearInterval(watch);
      await stream.close();
    }
  } finally {
    await start.made?.release();
  }
}

interface Start {
  readonly from: Lsn;
  readonly markedLsn: Lsn;
  readonly made: NewSlot | undefined;
}

async function findStart(deps: RelayDeps, store: OutboxStore, memory: RelayMemory): Promise<Start> {
  const { pool, slot, monitor, log } = deps;
  const info = await inspectSlot(pool, slot);
  if (info?.active) throw new AppError('SLOT_BUSY', `Another relay has the slot ${slot}`);
  const progress = await store.progress(slot);
  const decision: StartDecision = memory.distrust
    ? { kind: 'settle', why: memory.distrust }
    : decideStart(info, progress, await store.hasUnsettled(), memory.lastConfirmed);
  if (decision.kind === 'stream')
    return { from: decision.from, markedLsn: progress?.markedLsn ?? 0n, made: undefined };

  // The first start of a relay is an ordinary thing; a slot that is gone later is not.
  log[progress ? 'warn' : 'info']({ slot }, `Settling from the table: ${decision.why}`);
  monitor.enter('settling');
  monitor.counts.tableSettlements++;
  await store.forgetProgress(slot);
  const made = await makeSlot(deps.replicationUrl, slot);
  log.info(
    { slot, unsettled: made.positions.length },
    'Made the replication slot; the table holds this many unsettled',
  );
  return { from: made.consistentLsn, markedLsn: 0n, made };
}

/** What a publication does not show never comes again in the stream, so after a wrong one the table has to make it good. */
async function usablePublication(deps: RelayDeps, store: OutboxStore): Promise<string> {
  try {
    return await inspectPublication(deps.pool, deps.publication);
  } catch (error) {
    if (errorCode(error) === 'PUBLICATION_UNUSABLE') await store.forgetProgress(deps.slot);
    throw error;
  }
}

async function watchPublication(deps: RelayDeps, identity: string, session: Session): Promise<void> {
  try {
    if ((await inspectPublication(deps.pool, deps.publication)) === identity) return;
    session.fail(new AppError('PUBLICATION_UNUSABLE', `The publication ${deps.publication} was made anew`));
  } catch (error) {
    if (errorCode(error) === 'PUBLICATION_UNUSABLE') session.fail(error);
    else deps.log.warn({ err: error }, 'Could not check the publication');
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined); // being woken by the stop is the point
}
