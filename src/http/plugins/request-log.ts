import type { FastifyInstance } from 'fastify';
import fp from 'fastify-plugin';

/** One line for each answer. */
export const requestLog = fp(async (app: FastifyInstance) => {
  app.addHook('onResponse', (request, reply, done) => {
    const { method } = request;
    const url = withoutToken(request.url);
    const ms = Math.round(reply.elapsedTime);
    request.log.info({ method, url, status: reply.statusCode, ms }, `${method} ${url} ${reply.statusCode}`);
    done();
  });
});

/** Some put a token into the URL, which RFC 6750 advises against: it is not taken from there, and not logged. */
const withoutToken = (url: string) => url.replace(/([?&]access_token=)[^&]*/gi, '$1...');
