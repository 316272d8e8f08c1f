import { setTimeout as sleep } from 'node:timers/promises';
import { backoffMs } from '../src/core/backoff.ts';
import { errorCode } from '../src/core/errors.ts';
import { assertSchemaCurrent } from '../src/core/schema-version.ts';
import { setupAdvice } from './failures/setup-advice.ts';
import { formatLsn } from './lsn.ts';
import type { RelayPhase } from './monitoring/relay-monitor.ts';
import { OutboxStore } from './outbox/outbox-store.ts';
import { ObservedPublisher } from './publishing/observed-publisher.ts';
import { NOTHING_SEEN } from './recovery/database-identity.ts';
import { findStart, type Start, type StartDeps } from './recovery/find-start.ts';
import { ProgressStore } from './recovery/progress-store.ts';
import type { WalLimit } from './recovery/wal-limit.ts';
import { isRelayError, RelayError } from './relay-error.ts';
import { inspectPublication } from './replication/publication.ts';
import { assertNotMoved } from './replication/slot.ts';
import { WalStream } from './replication/stream.ts';
import { Retention, type RetentionOptions } from './retention/retention.ts';
import { Marker } from './session/marker.ts';
import { limitsFor } from './session/relay-limits.ts';
import { RelayState } from './session/relay-state.ts';
import { Session } from './session/session.ts';
import { watchSession } from './session/session-watch.ts';

/** The caller ends the pool and closes the publisher, after `runRelay`. The url: a role with REPLICATION, straight to the server. */
export interface RelayDeps extends Omit<StartDeps, 'store' | 'progress' | 'memory'> {
  readonly publication: string;
  readonly sessions: boolean;
  readonly walLimit: WalLimit;
  /** Without it, settled rows are kept for ever. */
  readonly retention?: RetentionOptions | undefined;
  readonly random: () => number;
}

const STANDBY_RETRY_MS = 250;
/** Faults that come every few seconds, each by itself, must not add up to a long wait. */
const LASTING_SESSION_MS = 1_000;
/** Below it a failing connection is a warning, from then on an error. */
const LOUD_AFTER_FAILURES = 5;
const DRAIN_WITHIN_MS = 15_000;
/** Nothing that waiting would mend: a process that cannot read what it is sent must not go on as if it had. */
const FATAL = new Set(['SCHEMA_BEHIND', 'WAL_MALFORMED', 'OUTBOX_UNREADABLE']);
/** Only a person ends these: told at once, looked at slowly. */
const FOR_A_PERSON = new Set(['DATABASE_SET_BACK', 'SLOT_UNUSABLE']);
/** The wait after so many failures, capped, is 2.5 to 5 s. */
const SLOW = { failures: 10, capMs: 5_000 };
/** What it is in while it waits; looking again does not end it, as it does any other. */
const WAITING_IN: Readonly<Record<string, RelayPhase>> = {
  SLOT_BUSY: 'standby',
  DATABASE_SET_BACK: 'set-back',
  BROKER_UNREACHABLE: 'broker-away',
};
const LASTING_PHASES = new Set(Object.values(WAITING_IN));

/** What all sessions of one run have in common. */
interface Run extends RelayDeps, StartDeps {
  readonly publisher: ObservedPublisher;
  /** Goes on in the next session where it was. */
  readonly retainer: Retention | undefined;
  readonly stopping: AbortSignal;
  /** Aborted when a stop waits no longer for marks. */
  readonly abandon: AbortSignal;
  /** What one session leaves to the next. */
  readonly memory: StartDeps['memory'] & {
    /** Failures in a row. */
    failures: number;
    streamingSince: number | undefined;
  };
}

/**
 * Relays the outbox to the broker until `stopping`, session after session: whatever is away is waited for. Resolves when
 * what was in flight is settled; rejects only for what no waiting can mend.
 */
export async function runRelay(deps: RelayDeps, stopping: AbortSignal): Promise<void> {
  const { monitor, log } = deps;
  const publisher = new ObservedPublisher(deps.publisher, () => performance.now());
  const abandon = new AbortController();
  stopping.addEventListener('abort', () => {
    setTimeout(() => abandon.abort(), DRAIN_WITHIN_MS).unref();
  });
  publisher.connect().catch((err: unknown) => {
    monitor.failed(err);
    log.warn({ err }, 'Service Bus cannot be reached; trying again with the first message');
  });
  const store = new OutboxStore(deps.pool);
  const progress = new ProgressStore(deps.pool);
  const retainer = deps.retention && new Retention(deps, deps.retention);
  const memory: Run['memory'] = {
    seen: NOTHING_SEEN,
    settleRequested: false,
    failures: 0,
    streamingSince: undefined,
  };
  const run: Run = {
    ...deps,
    publisher,
    store,
    progress,
    stopping,
    abandon: abandon.signal,
    memory,
    retainer,
  };
  while (!stopping.aborted) {
    memory.streamingSince = undefined;
    try {
      if (!LASTING_PHASES.has(monitor.phase)) monitor.enter('connecting');
      await runSession(run);
    } catch (err) {
      if (isRelayError(err) && FATAL.has(err.code)) throw err;
      // One that dies right after its start is not a success, or it would be started over and over; nor is a try that fails slowly.
      const { streamingSince = Number.POSITIVE_INFINITY } = memory;
      if (performance.now() - streamingSince > LASTING_SESSION_MS) memory.failures = 0;
      await pause(waitAfter(err, run), stopping);
    }
  }
  monitor.enter('stopped');
}

function waitAfter(err: unknown, { monitor, log, random, stopping, memory }: Run): number {
  const code = errorCode(err) ?? '';
  if (code === 'RECOVERY_REQUESTED') {
    memory.settleRequested = true;
    return 0;
  }
  if (code === 'SLOT_BUSY') {
    if (monitor.phase !== 'standby') log.info(`${(err as Error).message}; standing by`);
    monitor.enter('standby');
    return STANDBY_RETRY_MS;
  }
  monitor.enter(WAITING_IN[code] ?? 'waiting');
  const forPerson = setupAdvice(err) ?? (FOR_A_PERSON.has(code) ? (err as Error).message : undefined);
  monitor.failed(err, forPerson ?? whyUnreachable(err));
  // Looking until a person has done something is no reason to wait longer afterwards.
  if (!forPerson) memory.failures++;
  const waitMs = forPerson
    ? backoffMs(SLOW.failures, random, SLOW.capMs)
    : backoffMs(memory.failures, random);
  const retryInMs = Math.round(waitMs);
  const level = forPerson || memory.failures >= LOUD_AFTER_FAILURES ? 'error' : 'warn';
  if (!stopping.aborted) log[level]({ err, retryInMs }, forPerson ?? 'Not streaming; trying again');
  return retryInMs;
}

/** That the broker cannot be reached says less than what it is that fails. */
function whyUnreachable(err: unknown): string | undefined {
  if (!(isRelayError(err) && err.code === 'BROKER_UNREACHABLE' && err.cause instanceof Error))
    return undefined;
  return `${err.message}: ${err.cause.message}`;
}

async function runSession(run: Run): Promise<void> {
  const { pool, progress, slot, publication, monitor, log, memory } = run;
  await assertSchemaCurrent(pool);
  const publicationVersion = await inspectPublication(pool, publication);
  const start = await findStart(run, publicationVersion);
  try {
    const stream = await WalStream.open({ url: run.replicationUrl, slot, publication, from: start.from });
    try {
      await assertNotMoved(pool, slot, start.from);
      const epoch = await progress.claim(slot, start.seen.epoch, publicationVersion);
      if (epoch === undefined)
        throw new RelayError('SLOT_BUSY', `Another relay has been at the slot ${slot}`);
      await start.made?.release();
      monitor.epoch = epoch;
      monitor.counts.sessions++;
      memory.streamingSince = performance.now();
      log.info({ slot, epoch: String(epoch), from: formatLsn(start.from) }, 'Streaming');
      const marker = new Marker(run, { ...start.seen, epoch });
      try {
        await stay(run, { stream, start, marker, publicationVersion });
      } finally {
        memory.seen = { ...start.seen, ...marker.stored, confirmedLsn: stream.confirmedLsn };
      }
    } finally {
      await stream.close();
    }
  } finally {
    await start.made?.release();
  }
}

interface Stay {
  readonly stream: WalStream;
  readonly start: Start;
  readonly marker: Marker;
  readonly publicationVersion: string;
}

/** From the beginning of the stream to its end, what is in flight drained. */
async function stay(run: Run, { stream, start, marker, publicationVersion }: Stay): Promise<void> {
  const { store, progress, slot, publisher, monitor, log, random, sessions, stopping } = run;
  const state = new RelayState({
    limits: limitsFor(sessions),
    random,
    settledLsn: start.made ? 0n : start.from,
    markedLsn: start.seen.markedLsn,
    // Settling the table sends what only waited for an operator: whoever asked for that may not have been heard.
    heldOrders: await store.heldOrders({ deferred: start.made === undefined }),
  });
  const session = new Session({ stream, state, marker, store, publisher, monitor, log });
  const lettingGo = new AbortController();
  const watch = watchSession({
    ...run,
    publicationVersion,
    fail: (error) => session.fail(error),
    letGo: (why) => lettingGo.abort(why),
  });
  const ending = new AbortController();
  void run.retainer?.run(ending.signal);
  try {
    await session.run(start.made, AbortSignal.any([stopping, lettingGo.signal]));
  } finally {
    ending.abort();
    clearInterval(watch);
  }
  if (!lettingGo.signal.aborted) return;
  // While the stream still has the slot: whoever gets it next must not stream on, but settle the table, which needs the broker.
  if ((await progress.restart(slot, marker.stored.epoch)) === undefined) return;
  publisher.forget();
  monitor.counts.slotsLetGo++;
  const why = String(lettingGo.signal.reason);
  log.error({ slot }, `Letting go of the replication slot: ${why}. The rows wait in the table`);
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined); // being woken by the stop is the point
}
