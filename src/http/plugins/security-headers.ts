import type { FastifyInstance } from 'fastify';
import fp from 'fastify-plugin';

/** For answers that are no page: a browser is not to guess what they are, show them in a frame or run anything of them. */
export const SECURITY_HEADERS = {
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
};

/** Goes with every answer that has none from @fastify/helmet, which makes its headers anew for each: docs/decisions/edge.md. */
export const securityHeaders = fp(async (app: FastifyInstance) => {
  app.addHook('onSend', (_request, reply, payload, done) => {
    if (!reply.raw.hasHeader('content-security-policy')) reply.headers(SECURITY_HEADERS);
    done(null, payload);
  });
});
