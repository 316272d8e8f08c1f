import { durationConfig, portConfig, serviceNameConfig } from '../../src/core/config.ts';
import { runProcess } from '../../src/core/lifecycle.ts';
import { parseRetention } from '../../src/core/retention-period.ts';
import { readMigrations } from '../../src/db/migrations.ts';
import { inboxConfigOf } from '../../src/inbox/config.ts';
import { serveInbox } from '../../src/inbox/serve-inbox.ts';
import { buildApi } from './api.ts';
import { consumedEvents } from './consumed-events.ts';
import { createReceptors, expiry } from './receptors.ts';

const config = inboxConfigOf({
  SERVICE_NAME: serviceNameConfig('InventoryService'),
  PORT: portConfig(5010),
  RESERVATION_EXPIRES_AFTER: durationConfig({ default: '15m' }),
});

await runProcess(config, process.env, async (scope) => {
  const { INBOX_HOST: host, PORT: port, RESERVATION_EXPIRES_AFTER: expiresAfter } = scope.config;
  const { pool } = await serveInbox(scope, {
    receptors: createReceptors(parseRetention(expiresAfter) ?? 0),
    events: consumedEvents,
    migrations: readMigrations(`${import.meta.dirname}/drizzle`),
    expiry,
  });
  const api = buildApi(pool, scope.log);
  scope.onClose('api', () => api.close());
  await api.listen({ host, port });
});
