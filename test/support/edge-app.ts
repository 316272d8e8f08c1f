import type { TestContext } from 'node:test';
import type { FastifyInstance } from 'fastify';
import pg from 'pg';
import { type AppDeps, buildApp } from '../../src/app.ts';
import { createLogger } from '../../src/core/log.ts';
import type { EdgeOptions } from '../../src/http/edge.ts';

/** The app without a database, for what is answered before one is asked. What it logs goes into `lines`. */
export async function openEdge(
  t: TestContext,
  edge: EdgeOptions = {},
  lines: string[] = [],
  deps: Pick<AppDeps, 'limits' | 'newId'> = {},
): Promise<FastifyInstance> {
  const pool = new pg.Pool({ connectionString: 'postgres://127.0.0.1:1/nowhere' });
  const log = createLogger({
    level: 'trace',
    service: 'test',
    destination: { write: (line: string) => void lines.push(line) },
  });
  const app = await buildApp({ pool, log, docs: true, edge, ...deps });
  t.after(async () => {
    await app.close();
    await pool.end();
  });
  await app.ready();
  return app;
}
