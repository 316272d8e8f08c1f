import { formatLsn } from '../lsn.ts';
import type { DeliveryObserver } from '../monitoring/delivery-observer.ts';
import type { RelayMonitor } from '../monitoring/relay-monitor.ts';
import { assertOutbox } from '../outbox/assert-outbox.ts';
import type { ObservedPublisher } from '../publishing/observed-publisher.ts';
import { findStart, type Start, type StartDeps } from '../recovery/find-start.ts';
import type { WalLimit } from '../recovery/wal-limit.ts';
import { RelayError } from '../relay-error.ts';
import { inspectPublication } from '../replication/publication.ts';
import { assertNotMoved } from '../replication/slot.ts';
import { WalStream } from '../replication/stream.ts';
import type { Retention } from '../retention/retention.ts';
import { Marker } from './marker.ts';
import { limitsFor } from './relay-limits.ts';
import { RelayState } from './relay-state.ts';
import { Session } from './session.ts';
import { watchSession } from './session-watch.ts';

/** What all sessions of one run of the relay have in common. */
export interface Run extends StartDeps {
  readonly publisher: ObservedPublisher;
  readonly publication: string;
  readonly walLimit: WalLimit;
  /** Goes on in the next session where it was. */
  readonly retention: Retention | undefined;
  readonly monitor: RelayMonitor;
  readonly observer?: DeliveryObserver | undefined;
  readonly random: () => number;
  /** How often a session looks at what no stream tells, if not every 5 s. */
  readonly watchEveryMs?: number;
  readonly stopping: AbortSignal;
  /** Aborted when a stop waits no longer for marks. */
  readonly abandon: AbortSignal;
  /** What one session leaves to the next. */
  readonly memory: StartDeps['memory'] & { streamingSince: number | undefined };
}

/** One session from its start to its end, what is in flight drained. Returns when it was stopped, or the slot let go. */
export async function runSession(run: Run): Promise<void> {
  const { pool, table, progress, slot, publication, monitor, log, memory } = run;
  await assertOutbox(pool, table);
  const { version: publicationVersion, outboxOid } = await inspectPublication(pool, publication, table);
  const start = await findStart(run, publicationVersion);
  if (start.recovery) monitor.recoveryBegun(start.recovery.reason);
  try {
    const { from } = start;
    monitor.step = 'opening the stream';
    const stream = await WalStream.open({
      url: run.replicationUrl,
      slot,
      publication,
      outboxOid,
      from,
      stopping: run.stopping,
    });
    try {
      await assertNotMoved(pool, slot, start.from);
      const epoch = await progress.claim(slot, start.seen.epoch, publicationVersion);
      if (epoch === undefined)
        throw new RelayError('SLOT_BUSY', `Another relay has been at the slot ${slot}`);
      await start.recovery?.release();
      monitor.epoch = epoch;
      monitor.counts.sessions++;
      memory.streamingSince = performance.now();
      log.info({ slot, epoch: String(epoch), from: formatLsn(start.from) }, 'Streaming');
      const marker = new Marker(run, { ...start.seen, epoch });
      try {
        await streamOn(run, { stream, start, marker, publicationVersion });
      } finally {
        memory.seen = { ...start.seen, ...marker.stored, confirmedLsn: stream.confirmedLsn };
      }
    } finally {
      await stream.close();
    }
  } finally {
    await start.recovery?.release();
  }
}

interface Opened {
  readonly stream: WalStream;
  readonly start: Start;
  readonly marker: Marker;
  readonly publicationVersion: string;
}

async function streamOn(run: Run, { stream, start, marker, publicationVersion }: Opened): Promise<void> {
  const { store, progress, slot, publisher, monitor, observer, log, random, stopping } = run;
  const { recovery } = start;
  const state = new RelayState({
    limits: limitsFor(publisher.limits),
    random,
    destinations: publisher.destinations,
    settledLsn: recovery ? 0n : start.from,
    markedLsn: start.seen.markedLsn,
    parkedOrders: recovery?.parkedOrders ?? (await store.parkedOrders()),
    prepare: (message) => publisher.prepare(message),
  });
  const session = new Session({ stream, state, marker, store, publisher, monitor, observer, log });
  const lettingGo = new AbortController();
  const watch = watchSession({
    ...run,
    state,
    publicationVersion,
    epoch: marker.stored.epoch,
    fail: (error) => session.fail(error),
    letGo: (why) => lettingGo.abort(why),
  });
  const ending = new AbortController();
  void run.retention?.run(() => state.unrepeatedLsn, ending.signal);
  try {
    await session.run(recovery, AbortSignal.any([stopping, lettingGo.signal]));
  } finally {
    ending.abort();
    clearInterval(watch);
  }
  if (!lettingGo.signal.aborted) return;
  // While the stream still has the slot: whoever gets it next must not stream on, but recover from the table, which needs the broker.
  if ((await progress.restart(slot, marker.stored.epoch)) === undefined) return;
  publisher.forget();
  monitor.counts.slotsLetGo++;
  const why = String(lettingGo.signal.reason);
  log.error({ slot }, `Letting go of the replication slot: ${why}. The rows wait in the table`);
}
