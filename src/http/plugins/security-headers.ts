import type { FastifyInstance } from 'fastify';
import fp from 'fastify-plugin';

/** Goes with every answer: a browser is not to guess what it is. */
export const securityHeaders = fp(async (app: FastifyInstance) => {
  app.addHook('onSend', (_request, reply, payload, done) => {
    reply.header('x-content-type-options', 'nosniff');
    done(null, payload);
  });
});
