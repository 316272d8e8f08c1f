import { errorCode } from '../src/core/errors.ts';
import { pause } from '../src/core/pause.ts';
import { type Reaction, reactionTo } from './failures/retry-policy.ts';
import { type ProgressWatchOptions, watchProgress } from './monitoring/progress-watch.ts';
import type { RelayPhase } from './monitoring/relay-states.ts';
import { OutboxStore } from './outbox/outbox-store.ts';
import { ObservedPublisher } from './publishing/observed-publisher.ts';
import type { Publisher } from './publishing/publisher.ts';
import { NOTHING_SEEN } from './recovery/database-identity.ts';
import { ProgressStore } from './recovery/progress-store.ts';
import { Retention, type RetentionOptions } from './retention/retention.ts';
import { type Run, runSession } from './session/run-session.ts';

/** The caller ends the pool and closes the publisher, after `runRelay`. The url: a role with REPLICATION, straight to the server. */
export interface RelayDeps
  extends Omit<
    Run,
    'store' | 'progress' | 'memory' | 'publisher' | 'retention' | 'stopping' | 'abandon' | 'onStep'
  > {
  readonly publisher: Publisher;
  /** Without it, settled rows are kept for ever. */
  readonly retention?: RetentionOptions | undefined;
  /** Other times than the usual ones. */
  readonly progressWatch?: ProgressWatchOptions;
}

/** A session that fails sooner counts with the failures before it. Faults that come every few seconds must not add up to a long wait. */
const LASTING_SESSION_MS = 1_000;
const DRAIN_WITHIN_MS = 15_000;
/** Trying again does not end these, as it does any other. */
const LASTING_PHASES: ReadonlySet<RelayPhase> = new Set(['standby', 'set-back', 'broker-away']);

/**
 * Relays the outbox to the broker until `stopping`, session after session: whatever is away is waited for. Resolves when
 * what was in flight is settled; rejects only for what no waiting can mend.
 */
export async function runRelay(deps: RelayDeps, stopping: AbortSignal): Promise<void> {
  const { monitor, random } = deps;
  const run = begin(deps, stopping);
  const { memory } = run;
  void watchProgress(deps, stopping, deps.progressWatch);
  for (let failures = 0; !stopping.aborted; ) {
    memory.streamingSince = undefined;
    try {
      if (!LASTING_PHASES.has(monitor.phase)) monitor.enter('connecting');
      await runSession(run);
    } catch (err) {
      if (errorCode(err) === 'RECOVERY_REQUESTED') memory.recoveryRequested = true;
      // One that dies right after its start is not a success, or it would be started over and over; nor is a try that fails slowly.
      const { streamingSince = Number.POSITIVE_INFINITY } = memory;
      if (performance.now() - streamingSince > LASTING_SESSION_MS) failures = 0;
      const reaction = reactionTo(err, failures + 1, random);
      if (reaction.wait === 'never') throw err;
      // Looking until a person has done something is no reason to wait longer afterwards.
      if (reaction.wait === 'growing') failures++;
      report(err, reaction, run);
      await pause(reaction.waitMs, stopping);
    }
  }
  monitor.enter('stopped');
}

function begin(deps: RelayDeps, stopping: AbortSignal): Run {
  const { pool, table, monitor, log } = deps;
  const publisher = new ObservedPublisher(deps.publisher, () => performance.now());
  for (const destination of publisher.destinations) {
    publisher.connect(destination).catch((err: unknown) => {
      monitor.failed(err);
      const { level, advice } = reactionTo(err, 1, deps.random);
      log[level](
        { err },
        advice ?? `${publisher.name} cannot be reached; trying again with the first message`,
      );
    });
  }
  const abandon = new AbortController();
  stopping.addEventListener('abort', () => {
    setTimeout(() => abandon.abort(), DRAIN_WITHIN_MS).unref();
  });
  return {
    ...deps,
    publisher,
    store: new OutboxStore(pool, table),
    progress: new ProgressStore(pool, table),
    retention: deps.retention && new Retention(deps, deps.retention),
    stopping,
    abandon: abandon.signal,
    onStep: (step) => {
      monitor.step = step;
    },
    memory: { seen: NOTHING_SEEN, recoveryRequested: false, streamingSince: undefined },
  };
}

/** Tells of a session that has ended, where that is news. */
function report(err: unknown, reaction: Reaction, { monitor, log, stopping }: Run): void {
  const { wait, waitMs, phase, level, advice } = reaction;
  const isNews = monitor.phase !== phase;
  monitor.enter(phase);
  if (wait === 'at once') return;
  if (wait === 'quarter second') {
    if (isNews) log.info(`${(err as Error).message}; standing by`);
    return;
  }
  monitor.failed(err, advice);
  const retryInMs = Math.round(waitMs);
  if (!stopping.aborted) log[level]({ err, retryInMs }, advice ?? 'Not streaming; trying again');
}
