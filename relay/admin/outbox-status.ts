import type pg from 'pg';
import { formatLsn } from '../lsn.ts';
import { OutboxAges } from '../monitoring/outbox-ages.ts';
import type { OutboxTable } from '../outbox/outbox-table.ts';
import type { Routing } from '../outbox/routing.ts';
import { inspectCluster } from '../recovery/cluster.ts';
import { findSetBack, NOTHING_SEEN } from '../recovery/database-identity.ts';
import { ProgressStore } from '../recovery/progress-store.ts';
import { inspectSlot } from '../replication/slot.ts';
import { inspectSlotWal, walWarning } from '../replication/slot-wal.ts';
import { inspectOutbox } from './outbox-inspection.ts';

/** How it goes, as far as the database knows: also while no relay runs. Times are ISO 8601 in UTC. */
export interface OutboxStatus {
  /** streaming: a relay has the slot. no-relay: none has. set-back: none may, until a person confirms the database. */
  readonly state: 'streaming' | 'no-relay' | 'no-slot' | 'slot-lost' | 'set-back';
  readonly slot: string;
  readonly epoch: number | null;
  readonly settledLsn: string | null;
  /** WAL after what the slot was told; null without a slot. */
  readonly slotLagBytes: number | null;
  readonly retainedBytes: number | null;
  readonly walStatus: string | null;
  /** What is wrong with the WAL that the slot keeps. */
  readonly walWarning: string | null;
  readonly unsettled: number;
  readonly oldestUnsettled: { readonly messageId: string; readonly createdAt: string } | null;
  readonly parked: number;
  readonly parkedByEntity: Readonly<Record<string, number>>;
  readonly waiting: number;
  readonly oldestParkedAt: string | null;
  /** Why this does not seem to be the database that the relay knows. */
  readonly setBack: string | null;
}

export interface StatusDeps {
  readonly pool: pg.Pool;
  readonly table: OutboxTable;
  readonly slot: string;
  readonly routing: Routing;
}

/** Throws SLOT_UNUSABLE for a slot that is not a relay's, DATABASE_UNAVAILABLE on a standby, and what `pg` throws. */
export async function inspectStatus({ pool, table, slot, routing }: StatusDeps): Promise<OutboxStatus> {
  const cluster = await inspectCluster(pool);
  const progress = await new ProgressStore(pool, table).find(slot);
  const info = await inspectSlot(pool, slot);
  const wal = await inspectSlotWal(pool, slot);
  const { unsettled, unsettledCount } = await inspectOutbox(pool, table, 1);
  const { parked, waiting, oldestParkedAt, parkedByEntity } = await new OutboxAges(pool, table).parkedEvents(
    routing,
  );
  const [oldest] = unsettled;
  const setBack = findSetBack(cluster, progress, NOTHING_SEEN) ?? null;
  return {
    state: setBack === null ? stateOf(info) : 'set-back',
    slot,
    epoch: progress ? Number(progress.epoch) : null,
    settledLsn: progress?.settledLsn === undefined ? null : formatLsn(progress.settledLsn),
    slotLagBytes: info ? Math.max(0, Number(cluster.walEnd - info.confirmedLsn)) : null,
    retainedBytes: wal?.retainedBytes ?? null,
    walStatus: wal?.status ?? null,
    walWarning: (wal && walWarning(wal)) ?? null,
    unsettled: unsettledCount,
    oldestUnsettled: oldest ? { messageId: oldest.messageId, createdAt: oldest.createdAt } : null,
    parked,
    parkedByEntity,
    waiting,
    oldestParkedAt: oldestParkedAt?.toISOString() ?? null,
    setBack,
  };
}

function stateOf(slot: Awaited<ReturnType<typeof inspectSlot>>): OutboxStatus['state'] {
  if (!slot) return 'no-slot';
  if (slot.lost) return 'slot-lost';
  return slot.active ? 'streaming' : 'no-relay';
}
