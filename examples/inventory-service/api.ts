import { Type } from '@sinclair/typebox';
import Fastify, { type FastifyBaseLogger, type FastifyInstance } from 'fastify';
import type pg from 'pg';
import type { Logger } from '../../src/core/log.ts';
import { read } from '../../src/db/reader.ts';
import { inTransaction } from '../../src/db/transaction.ts';
import { reactionTo } from '../../src/http/problem-details.ts';
import { compileValidator } from '../../src/http/validation.ts';
import type { Item } from './messages.ts';
import { addStock, listStock } from './store.ts';

const body = Type.Object({ quantity: Type.Integer({ minimum: 1, maximum: 1_000_000 }) });

/** Not listening yet; the caller closes it. */
export function buildApi(pool: pg.Pool, log: Logger): FastifyInstance {
  const app = Fastify({ loggerInstance: log as FastifyBaseLogger });
  app.setValidatorCompiler(compileValidator);
  app.setErrorHandler((error, { id }, reply) => {
    const { problem, logLevel } = reactionTo(error, id);
    log[logLevel]({ err: error, id }, `Answering ${problem.status}`);
    return reply.code(problem.status).type('application/problem+json').send(problem);
  });
  app.get('/api/inventory', () => read(pool, listStock));
  app.post<{ Params: Pick<Item, 'productId'>; Body: Pick<Item, 'quantity'> }>(
    '/api/inventory/:productId/restock',
    { schema: { body } },
    ({ params: { productId }, body: { quantity } }) =>
      inTransaction(pool, (db) => addStock(db, { productId, quantity })),
  );
  return app;
}
