import type { FastifyPluginAsync } from 'fastify';
import { openPool } from '../../src/core/pool.ts';
import type { DeliveryObserver } from '../monitoring/delivery-observer.ts';
import { type ConsoleRoutesDeps, consoleRoutes } from './console-routes.ts';
import { DeliveryLog } from './delivery-log.ts';
import { LiveFeed } from './live-feed.ts';
import { takeOverview } from './overview.ts';
import { Sampler } from './sampler.ts';

export interface ConsoleOptions
  extends Omit<ConsoleRoutesDeps, 'deliveries' | 'pool' | 'operatorPool' | 'history' | 'feed'> {
  /** As the relay connects. */
  readonly databaseUrl: string;
}

export interface RelayConsole {
  /** To be told of what the relay delivers. */
  readonly observer: DeliveryObserver;
  /** To be registered at a server. */
  readonly routes: FastifyPluginAsync;
  close(): Promise<void>;
}

const READ_WITHIN_MS = 5_000;
/** A batch of a replay reads the whole table. */
const ACT_WITHIN_MS = 30 * 60_000;

/**
 * The page at which the relay can be seen and operated. It takes a sample a second; of the database it asks something only while
 * somebody looks, on connections of its own, so that no mark waits for it. The caller closes it.
 */
export function openConsole(options: ConsoleOptions): RelayConsole {
  const { monitor, databaseUrl: url, log } = options;
  const connection = { url, applicationName: 'relay console', log };
  const pool = openPool({ ...connection, max: 2, statementTimeoutMs: READ_WITHIN_MS });
  const operatorPool = openPool({ ...connection, max: 1, statementTimeoutMs: ACT_WITHIN_MS });
  const deliveries = new DeliveryLog();
  const sampler = new Sampler(monitor, deliveries);
  const feed = new LiveFeed();
  const deps = { ...options, deliveries, pool, operatorPool, history: sampler.history, feed };
  let isAsking = false;
  sampler.onSample = (sample) => {
    // One that takes longer than a second leaves the next one out.
    if (!feed.isWatched || isAsking) return;
    isAsking = true;
    void takeOverview(deps, sample)
      .then((overview) => feed.push(overview))
      .finally(() => (isAsking = false));
  };
  return {
    observer: deliveries,
    routes: (server) => consoleRoutes(server, deps),
    async close() {
      sampler.close();
      feed.close();
      await Promise.all([pool.end(), operatorPool.end()]);
    },
  };
}
