import { createHealthServer } from '../../core/health-server.ts';
import type { Fate } from '../handling/handler.ts';
import type { ConsumerFigures } from './consumer-figures.ts';
import type { InboxMonitor } from './inbox-monitor.ts';
import { FATES } from './inbox-states.ts';
import { collectMetrics } from './metrics.ts';

/** Liveness, readiness, status and metrics of the inbox over HTTP. Not listening yet; the caller closes it. */
export function buildHealthServer(monitor: InboxMonitor) {
  return createHealthServer({
    readiness: () => ({
      isReady: monitor.isReady,
      state: monitor.state,
      blockedBy: monitor.blocked?.by ?? null,
      lastError: monitor.lastError ?? null,
    }),
    status: async () => ({
      state: monitor.state,
      ready: monitor.isReady,
      blocked: monitor.blocked ?? null,
      consumers: Object.fromEntries(
        Array.from(monitor.consumers, ([name, figures]) => [
          name,
          { ...statusOf(figures), waiting: monitor.waiting ? (monitor.waiting.get(name) ?? 0) : null },
        ]),
      ),
      deletedRows: monitor.deletedRows,
      lastError: monitor.lastError ?? null,
    }),
    metrics: async () => collectMetrics(monitor),
  });
}

function statusOf(figures: ConsumerFigures) {
  const { received, inHand, oldestInHand, awaySince, lastError } = figures;
  const fates = Object.keys(FATES).map((fate) => [fate, figures.total(fate as Fate)]);
  return {
    received,
    fates: Object.fromEntries(fates),
    inHand,
    oldestInHand: oldestInHand ?? null,
    awaySince: awaySince ?? null,
    lastError: lastError ?? null,
  };
}
