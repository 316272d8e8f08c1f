import type { FastifyInstance } from 'fastify';
import fp from 'fastify-plugin';

declare module 'fastify' {
  interface FastifyReply {
    /** Of the line that tells of this answer. */
    logLevel: 'debug' | 'info';
  }
}

/** One line for each answer. */
export const requestLog = fp(async (app: FastifyInstance) => {
  app.decorateReply('logLevel', 'info');
  app.addHook('onResponse', (request, reply, done) => {
    const { method, url } = request;
    const ms = Math.round(reply.elapsedTime);
    request.log[reply.logLevel](
      { method, url, status: reply.statusCode, ms },
      `${method} ${url} ${reply.statusCode}`,
    );
    done();
  });
});
