import type { FastifyInstance } from 'fastify';
import fp from 'fastify-plugin';

/** One line for each answer. */
export const requestLog = fp(async (app: FastifyInstance) => {
  app.addHook('onResponse', (request, reply, done) => {
    const { method, url } = request;
    const ms = Math.round(reply.elapsedTime);
    request.log.info({ method, url, status: reply.statusCode, ms }, `${method} ${url} ${reply.statusCode}`);
    done();
  });
});
