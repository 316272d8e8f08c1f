import cors from '@fastify/cors';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import fp from 'fastify-plugin';

const READABLE = ['ETag', 'Link', 'Location', 'Retry-After', 'RateLimit', 'RateLimit-Policy'];
const ALSO_READABLE = ['Idempotency-Replayed', 'WWW-Authenticate', 'X-Correlation-Id', 'X-Request-Id'];
const PREFLIGHT_KEPT_SECONDS = 600;

/** Lets pages of these origins ask and read the answers; pages of others are refused by their browsers. No cookies: there are none. */
export const crossOrigin = fp(async (app: FastifyInstance, { origins }: { origins: readonly string[] }) => {
  const options = {
    origin: [...origins],
    methods: ['GET', 'HEAD', 'POST'],
    exposedHeaders: [...READABLE, ...ALSO_READABLE],
    maxAge: PREFLIGHT_KEPT_SECONDS,
  };
  // Any other OPTIONS is answered by the route, with Allow.
  await app.register(cors, {
    delegator: (request: FastifyRequest, done) => done(null, { ...options, preflight: isPreflight(request) }),
  });
});

/** https://fetch.spec.whatwg.org/#cors-preflight-request */
const isPreflight = ({ headers }: FastifyRequest) =>
  headers.origin !== undefined && headers['access-control-request-method'] !== undefined;
