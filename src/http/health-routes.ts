import type { FastifyInstance } from 'fastify';
import type pg from 'pg';

const ANSWER_KEPT_MS = 1_000;

export interface HealthDeps {
  readonly pool: pg.Pool;
  /** False while the process is not meant to get requests, whatever the database says. */
  readonly isOpen: () => boolean;
}

/** `/health/live` asks nothing of anyone; `/health/ready` asks the database, once for all who ask within a second. */
export function healthRoutes(app: FastifyInstance, { pool, isOpen }: HealthDeps): void {
  const databaseAnswers = sharedFor(ANSWER_KEPT_MS, async () => {
    try {
      await pool.query('SELECT 1');
      return true;
    } catch (err) {
      app.log.warn({ err }, 'The database does not answer; not ready until it does');
      return false;
    }
  });
  const options = { logLevel: 'warn', schema: { tags: ['health'] } } as const;

  app.get('/health/live', options, () => ({ status: 'live' }));
  app.get('/health/ready', options, async (_request, reply) => {
    const ready = isOpen() && (await databaseAnswers());
    return reply.code(ready ? 200 : 503).send({ status: ready ? 'ready' : 'not ready' });
  });
}

/** One call for all who ask while it runs and a while after: probes, however many, take one connection. */
function sharedFor<T>(keptMs: number, ask: () => Promise<T>): () => Promise<T> {
  let answer: Promise<T> | undefined;
  return () => {
    answer ??= ask().finally(() => setTimeout(() => (answer = undefined), keptMs).unref());
    return answer;
  };
}
