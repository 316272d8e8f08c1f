import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from '@sinclair/typebox';
import { answer, headerProblem } from '../documented-answers.ts';

const ANSWER_KEPT_MS = 1_000;
/** Who watches a process may not wait long. A slow answer is no reason to call it away: until it fails, what was known last is told. */
const PATIENCE_MS = 80;

export interface HealthDeps {
  /** Rejects when the database does not answer. */
  readonly probeDatabase: () => Promise<void>;
  /** False while the process is not meant to get requests, whatever the database says. */
  readonly isOpen: () => boolean;
}

/**
 * `/health/live` asks nothing of anyone; `/health/ready` asks the database, once for all who ask within a second. Both answer within
 * 100 ms: while the database has not answered, `/health/ready` says what it knew last. Only the very first answer waits for it.
 */
export const healthRoutes: FastifyPluginAsyncTypebox<HealthDeps> = async (app, { probeDatabase, isOpen }) => {
  let isThere: boolean | undefined;
  const ask = sharedFor(ANSWER_KEPT_MS, async () => {
    try {
      await probeDatabase();
      if (isThere === false) app.log.info('The database answers again');
      isThere = true;
    } catch (err) {
      if (isThere !== false) app.log.warn({ err }, 'The database does not answer; not ready until it does');
      isThere = false;
    }
  });
  const databaseAnswers = async () => {
    const asked = ask();
    await (isThere === undefined
      ? asked
      : Promise.race([asked, sleep(PATIENCE_MS, undefined, { ref: false })]));
    return isThere === true;
  };

  app.get('/health/live', { logLevel: 'warn', schema: schemas.live }, () => ({ status: 'live' }));
  app.get('/health/ready', { logLevel: 'warn', schema: schemas.ready }, async (_request, reply) => {
    const ready = isOpen() && (await databaseAnswers());
    reply.code(ready ? 200 : 503);
    return { status: ready ? 'ready' : 'not ready' };
  });
};

const state = (title: string, status: string) =>
  Type.Object({ status: Type.Literal(status) }, { title, additionalProperties: false });

const OF_BOTH = { tags: ['health'], security: [] };

const schemas = {
  live: {
    ...OF_BOTH,
    operationId: 'isLive',
    summary: 'Whether the process runs',
    description: 'Asks nobody: it fails when the process has to be started again.',
    response: { 200: answer('It does', state('Live', 'live')), 400: headerProblem },
  },
  ready: {
    ...OF_BOTH,
    operationId: 'isReady',
    summary: 'Whether requests can be served',
    description: 'Asks the database, once for all who ask within a second.',
    response: {
      200: answer('They can', state('Ready', 'ready')),
      400: headerProblem,
      503: answer(
        'The database does not answer, or the process is starting or stopping',
        state('NotReady', 'not ready'),
      ),
    },
  },
};

/** One call for all who ask while it runs and a while after: probes, however many, take one connection. */
function sharedFor<T>(keptMs: number, ask: () => Promise<T>): () => Promise<T> {
  let answer: Promise<T> | undefined;
  return () => {
    answer ??= ask().finally(() => setTimeout(() => (answer = undefined), keptMs).unref());
    return answer;
  };
}
