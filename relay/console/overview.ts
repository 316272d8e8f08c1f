import type pg from 'pg';
import { type FoundMessage, newestMessages } from '../admin/message-search.ts';
import { measureLag } from '../monitoring/outbox-lag.ts';
import type { RelayMonitor } from '../monitoring/relay-monitor.ts';
import type { OutboxTable } from '../outbox/outbox-table.ts';
import { type Routing, withDestination } from '../outbox/routing.ts';
import type { DeliveryLog } from './delivery-log.ts';
import { type FlowPart, flowOf, type Notice, noticesOf } from './flow.ts';
import { countStandbys } from './relay-instances.ts';
import type { ConsoleSample } from './sample-history.ts';

export interface OverviewDeps {
  readonly monitor: RelayMonitor;
  readonly deliveries: DeliveryLog;
  readonly pool: pg.Pool;
  readonly table: OutboxTable;
  readonly slot: string;
  readonly routing: Routing;
  readonly brokerName: string;
  /** RELAY_WAL_LIMIT_MB, in bytes. */
  readonly walLimitBytes: number;
}

/** All that the page shows at a glance. Nulls: the database does not say. */
export interface Overview {
  readonly state: string;
  readonly ready: boolean;
  readonly flow: readonly FlowPart[];
  readonly notices: readonly Notice[];
  readonly sample: ConsoleSample;
  readonly figures: {
    readonly oldestUnsettledMs: number | null;
    readonly retainedBytes: number | null;
    readonly walLimitBytes: number;
    readonly standbys: number | null;
    readonly parked: number | null;
    readonly waiting: number | null;
    /** Differs when messages were parked, refused or asked for again meanwhile, also if there are as many as before. */
    readonly changes: number;
  };
  readonly newest: readonly ListedMessage[] | null;
}

export interface ListedMessage extends FoundMessage {
  /** From commit to accepted, where it is known. */
  readonly latencyMs: number | null;
}

const NEWEST = 25;

/** Asks the database once for all who look. Never rejects: that the database does not answer is part of the picture. */
export async function takeOverview(deps: OverviewDeps, sample: ConsoleSample): Promise<Overview> {
  const { monitor, pool, slot, routing, brokerName } = deps;
  const lag = await measureLag(deps);
  const isAway = lag.databaseError !== null;
  const newest = isAway ? null : await orNull(listNewest(deps, NEWEST));
  const standbys = isAway ? null : await orNull(countStandbys(pool, slot));
  const { retainedBytes, safeWalBytes, parkedEvents, oldestUnsettled } = lag;
  const maxSlotWal = safeWalBytes === null ? Number.POSITIVE_INFINITY : (retainedBytes ?? 0) + safeWalBytes;
  const walLimitBytes = Math.min(deps.walLimitBytes, maxSlotWal);
  const { state, step, isReady: ready, blocked, lastError, figures, lastPublishedAt, counts } = monitor;
  const facts = {
    state,
    ready,
    step,
    blockedBy: blocked?.by,
    lastError,
    failedSends: figures.failures,
    lockedRows: figures.lockedRows,
    lag,
    walLimitBytes,
    perSecond: sample.received,
    lastPublishedAt,
    brokerName,
    entity: routing.destinations.join(', '),
    away: [...figures.away.keys()],
  };
  return {
    state,
    ready,
    flow: flowOf(facts),
    notices: noticesOf(facts),
    sample,
    figures: {
      oldestUnsettledMs: oldestUnsettled?.ageMs ?? (isAway ? null : 0),
      retainedBytes,
      walLimitBytes,
      standbys,
      parked: parkedEvents?.parked ?? null,
      waiting: parkedEvents?.waiting ?? null,
      changes: counts.parked + counts.deferred + counts.redriven + counts.rejectedBatches,
    },
    newest: newest?.map((message) => withDestination(message, routing)) ?? null,
  };
}

/** What came last, the last first, with how long it took. Throws what `pg` throws. */
export async function listNewest(
  { pool, table, deliveries }: Pick<OverviewDeps, 'pool' | 'table' | 'deliveries'>,
  limit: number,
): Promise<ListedMessage[]> {
  const messages = await newestMessages({ pool, table, limit }, deliveries.last(limit));
  return messages.map((message) => ({
    ...message,
    latencyMs: message.state === 'published' ? deliveries.latencyOf(message.messageId) : null,
  }));
}

/** What the database does not say now is not shown; the lag has told why it does not answer. */
function orNull<T>(asked: Promise<T>): Promise<T | null> {
  return asked.catch(() => null);
}
