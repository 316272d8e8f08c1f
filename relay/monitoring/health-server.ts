import { createHealthServer } from '../../src/core/health-server.ts';
import { collectMetrics } from './metrics.ts';
import { measureLag, type OutboxLagDeps } from './outbox-lag.ts';
import type { RelayMonitor } from './relay-monitor.ts';

export interface HealthServerDeps extends OutboxLagDeps {
  readonly publication: string;
}

/** Liveness, readiness, status and metrics of the relay over HTTP. Not listening yet; the caller closes it. */
export function buildHealthServer(deps: HealthServerDeps) {
  const { monitor } = deps;
  return createHealthServer({
    readiness: () => ({
      isReady: monitor.isReady,
      state: monitor.state,
      blockedBy: monitor.blocked?.by ?? null,
      awayEntities: [...monitor.figures.away.keys()],
      lastError: monitor.lastError ?? null,
    }),
    status: async () => ({
      state: monitor.state,
      since: monitor.phaseSince,
      step: monitor.step ?? null,
      ready: monitor.isReady,
      blocked: monitor.blocked ?? null,
      slot: deps.slot,
      publication: deps.publication,
      entity: deps.routing.destinations[0],
      entities: entitiesOf(deps),
      epoch: monitor.epoch === undefined ? null : Number(monitor.epoch),
      ...(await measureLag(deps)),
      unsettledInMemory: monitor.unsettled,
      failedSends: monitor.figures.failures,
      heldOrders: monitor.figures.parkedOrders,
      lockedRows: monitor.figures.lockedRows,
      counts: publicCounts(monitor),
      tableSettlementsFor: monitor.recoveriesFor,
      lastPublishedAt: monitor.lastPublishedAt ?? null,
      lastError: monitor.lastError ?? null,
    }),
    metrics: () => collectMetrics(deps),
  });
}

/** Those that the settings name, and whatever rows have named since the start. */
function entitiesOf({ monitor, routing }: HealthServerDeps) {
  const { away } = monitor.figures;
  const names = new Set([...routing.destinations, ...monitor.publishedTo.keys(), ...away.keys()]);
  return [...names].map((entity) => ({
    entity,
    published: monitor.publishedTo.get(entity) ?? 0,
    failedSends: away.get(entity) ?? 0,
  }));
}

/** A recovery is called a table settlement in what is public. */
function publicCounts({ counts: { recoveries, ...others } }: RelayMonitor) {
  return { ...others, tableSettlements: recoveries };
}
