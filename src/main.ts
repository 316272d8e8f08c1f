import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { limitsOf } from './admission/limits.ts';
import { isApiError } from './api-error.ts';
import { buildApp } from './app.ts';
import { apiConfig } from './config.ts';
import { backoffMs } from './core/backoff.ts';
import { signInUrl } from './core/database-auth.ts';
import { errorCode } from './core/errors.ts';
import { exportMetrics } from './core/exported-metrics.ts';
import { runProcess } from './core/lifecycle.ts';
import type { Logger } from './core/log.ts';
import { pause } from './core/pause.ts';
import { openPool, probe } from './core/pool.ts';
import { assertSchemaCurrent } from './db/schema-version.ts';
import { edgeOptions } from './edge-config.ts';
import { oidcSettings } from './http/auth/auth-config.ts';
import { startExpiry } from './idempotency/expiry.ts';

const LONGEST_WAIT_MS = 5_000;
/** What a pooler answers to a startup parameter that it does not take. */
const PROTOCOL_VIOLATION = '08P01';
const OPTIONS_REFUSED =
  'DATABASE_URL leads to a pooler that refuses its options; set them by ALTER ROLE ... SET instead; not ready, asking again';

await runProcess(apiConfig, process.env, async ({ config, log, stopping, onClose }) => {
  const database = {
    url: signInUrl(config.DATABASE_URL, config.DATABASE_AUTH),
    applicationName: config.SERVICE_NAME,
    pooler: config.DATABASE_POOLER === 'transaction' ? 'certain' : 'found',
  } as const;
  const pool = openPool({ ...database, max: config.DATABASE_POOL_SIZE, log });
  onClose('database pool', () => pool.end());

  // Whoever asks whether the database is there does not wait behind a crowd.
  const quiet = log.child({}, { level: 'error' }); // the other pool tells of the same, and readiness of the rest
  const healthPool = openPool({ ...database, max: 1, keepIdle: true, log: quiet });
  onClose('connection for health', () => healthPool.end());

  const auth = oidcSettings(config);
  if (!auth) {
    log.warn(
      'The api is open: whoever reaches it may read, create and cancel every order. Set OIDC_ISSUER and OIDC_AUDIENCE to ask for tokens',
    );
  }

  let schemaChecked = false;
  const docs = config.API_DOCS ?? config.NODE_ENV !== 'production';
  const limits = limitsOf(config.DATABASE_POOL_SIZE, {
    maxInFlight: config.API_MAX_IN_FLIGHT,
    waitMs: config.DATABASE_WAIT_MS,
  });
  const app = await buildApp({
    pool,
    log,
    docs,
    auth,
    edge: edgeOptions(config),
    limits,
    probeDatabase: () => probe(healthPool),
    isStarted: () => schemaChecked,
    isStopping: () => stopping.aborted,
  });
  exportMetrics(() => app.collectMetrics());
  onClose('http server', async () => {
    // Not ready any more, and until those who send requests have seen it, they are served.
    await sleep(1_000 * config.DRAIN_DELAY_SECONDS);
    await app.close();
  });

  // It listens before the database is there, not ready: an api that ends, or is not even alive, without its database
  // would be restarted over and over by what watches it.
  await app.listen({ host: config.HOST, port: config.PORT });
  schemaChecked = await schemaIsCurrent(pool, log, stopping);
  if (!schemaChecked) return;
  const expiry = startExpiry({ pool, log });
  onClose('expiry of idempotency keys', () => expiry.stop());
  log.info('Ready');
});

/** Waits for a database that answers; false when stopped before. Throws SCHEMA_BEHIND. */
async function schemaIsCurrent(pool: pg.Pool, log: Logger, stopping: AbortSignal): Promise<boolean> {
  for (let failures = 1; !stopping.aborted; failures++) {
    try {
      await assertSchemaCurrent(pool);
      return true;
    } catch (err) {
      if (isApiError(err) && err.code === 'SCHEMA_BEHIND') throw err;
      const waitMs = backoffMs(failures, Math.random, LONGEST_WAIT_MS);
      if (errorCode(err) === PROTOCOL_VIOLATION) log.error({ err, waitMs }, OPTIONS_REFUSED);
      else log.warn({ err, waitMs }, 'The database does not answer; not ready, asking again');
      await pause(waitMs, stopping);
    }
  }
  return false;
}
