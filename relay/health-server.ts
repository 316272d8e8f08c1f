import Fastify from 'fastify';
import type pg from 'pg';
import { describeError } from '../src/core/log.ts';
import { OutboxStore } from './outbox-store.ts';
import type { RelayMonitor } from './relay-monitor.ts';
import { formatLsn } from './replication/lsn.ts';

export interface HealthServerDeps {
  readonly monitor: RelayMonitor;
  readonly pool: pg.Pool;
  readonly slot: string;
  readonly publication: string;
  readonly entity: string;
}

/** Liveness, readiness and status of the relay over HTTP. Not listening yet; the caller closes it. */
export function buildHealthServer(deps: HealthServerDeps) {
  const { monitor } = deps;
  const server = Fastify({ forceCloseConnections: true, requestTimeout: 10_000 });

  server.get('/health/live', () => ({ status: 'live' }));

  server.get('/health/ready', (_request, reply) => {
    reply.code(monitor.isReady ? 200 : 503);
    return {
      status: monitor.isReady ? 'ready' : 'not ready',
      state: monitor.phase,
      lastError: monitor.lastError ?? null,
    };
  });

  server.get('/status', async () => ({
    state: monitor.phase,
    since: monitor.phaseSince,
    ready: monitor.isReady,
    slot: deps.slot,
    publication: deps.publication,
    entity: deps.entity,
    epoch: monitor.epoch === undefined ? null : Number(monitor.epoch),
    ...(await databaseView(deps)),
    unsettledInMemory: monitor.unsettled,
    failedSends: monitor.failedSends,
    counts: monitor.counts,
    lastPublishedAt: monitor.lastPublishedAt ?? null,
    lastError: monitor.lastError ?? null,
  }));

  return server;
}

/** What only the database knows; nulls, and why, while it does not answer. */
async function databaseView(deps: HealthServerDeps) {
  try {
    const [lag, oldest] = await Promise.all([slotLag(deps), new OutboxStore(deps.pool).oldestUnsettled()]);
    const oldestUnsettled = oldest ? { ...oldest, ageMs: Date.now() - oldest.createdAt.getTime() } : null;
    return { ...lag, oldestUnsettled, databaseError: null };
  } catch (error) {
    const { message } = describeError(error);
    return {
      lagBytes: null,
      slotLagBytes: null,
      retainedBytes: null,
      confirmedLsn: null,
      oldestUnsettled: null,
      databaseError: message,
    };
  }
}

/**
 * lagBytes: WAL that this relay has not dealt with yet. slotLagBytes: WAL after what the slot has been confirmed; about
 * a kilobyte while idle. retainedBytes: WAL the slot keeps on disk; any open transaction keeps it too.
 */
async function slotLag({ pool, slot, monitor }: HealthServerDeps) {
  const { rows } = await pool.query<Record<'lag' | 'slotLag' | 'retained' | 'confirmed', string | null>>(
    `SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), greatest(confirmed_flush_lsn, $2::pg_lsn)) AS lag,
       pg_wal_lsn_diff(pg_current_wal_lsn(), confirmed_flush_lsn) AS "slotLag",
       pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn) AS retained, confirmed_flush_lsn AS confirmed
     FROM pg_replication_slots WHERE slot_name = $1`,
    [slot, formatLsn(monitor.handledLsn)],
  );
  const bytes = (text: string | null | undefined) => (text == null ? null : Math.max(0, Number(text)));
  const [row] = rows;
  return {
    lagBytes: bytes(row?.lag),
    slotLagBytes: bytes(row?.slotLag),
    retainedBytes: bytes(row?.retained),
    confirmedLsn: row?.confirmed ?? null,
  };
}
