import { setTimeout as sleep } from 'node:timers/promises';
import { limitsOf } from './admission/limits.ts';
import { buildApp } from './app.ts';
import { apiConfig } from './config.ts';
import { signInUrl } from './core/database-auth.ts';
import { exportMetrics } from './core/exported-metrics.ts';
import { runProcess } from './core/lifecycle.ts';
import { openPool, probe } from './core/pool.ts';
import { awaitSchema } from './db/await-schema.ts';
import { learnBackend } from './db/backend.ts';
import { edgeOptions } from './edge-config.ts';
import { oidcSettings } from './http/auth/auth-config.ts';
import { startExpiry } from './idempotency/expiry.ts';

await runProcess(apiConfig, process.env, async ({ config, log, stopping, onClose }) => {
  const database = {
    url: signInUrl(config.DATABASE_URL, config.DATABASE_AUTH),
    applicationName: config.SERVICE_NAME,
    pooler: config.DATABASE_POOLER === 'transaction' ? 'certain' : 'found',
  } as const;
  const pool = openPool({ ...database, max: config.DATABASE_POOL_SIZE, log, onConnect: learnBackend });
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
  schemaChecked = await awaitSchema(pool, log, stopping);
  if (!schemaChecked) return;
  const expiry = startExpiry({ pool, log });
  onClose('expiry of idempotency keys', () => expiry.stop());
  log.info('Ready');
});
