import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { Type } from '@sinclair/typebox';
import { fastify } from 'fastify';
import { sharedConfig } from '../../src/core/config.ts';
import { runProcess } from '../../src/core/lifecycle.ts';
import { openPool } from '../../src/core/pool.ts';

// The smallest process with a request and a query in it. It tells its port, and whether the tracing SDK is loaded.

await runProcess(Type.Object(sharedConfig), process.env, async (scope) => {
  const { config, log } = scope;
  const pool = openPool({ url: config.DATABASE_URL, max: 1, applicationName: 'traced', log });
  scope.onClose('pool', () => pool.end());
  const app = fastify();
  scope.onClose('http', () => app.close());
  app.get('/things/:id', async () => (await pool.query('SELECT 1 AS thing')).rows[0]);
  for (const path of ['/health/live', '/metrics']) app.get(path, async () => 'ok');
  await app.listen({ port: 0, host: '127.0.0.1' });
  const loaded = Object.keys(createRequire(import.meta.url).cache);
  log.info(
    {
      port: (app.server.address() as AddressInfo).port,
      sdk: loaded.some((file) => file.includes('sdk-trace')),
    },
    'Ready',
  );
});
