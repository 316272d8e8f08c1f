import cors from '@fastify/cors';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import fp from 'fastify-plugin';

const READABLE = ['ETag', 'Link', 'Location', 'Retry-After', 'RateLimit', 'RateLimit-Policy'];
const ALSO_READABLE = ['Idempotency-Replayed', 'WWW-Authenticate', 'X-Correlation-Id', 'X-Request-Id'];
const EXPOSED = [...READABLE, ...ALSO_READABLE];
const PREFLIGHT_KEPT_SECONDS = 600;

/** Lets pages of these origins ask and read the answers; pages of others are refused by their browsers. No cookies: there are none. */
export const crossOrigin = fp(async (app: FastifyInstance, { origins }: { origins: readonly string[] }) => {
  const options = {
    origin: [...origins],
    methods: ['GET', 'HEAD', 'POST'],
    exposedHeaders: EXPOSED,
    maxAge: PREFLIGHT_KEPT_SECONDS,
  };
  // Any other OPTIONS is answered by the route, with Allow.
  await app.register(cors, {
    delegator: (request: FastifyRequest, done) => done(null, { ...options, preflight: isPreflight(request) }),
  });
});

/** What an answer that is no preflight's has of it, for one that does not come this way. */
export function crossOriginHeaders(
  origins: readonly string[],
  origin: string | undefined,
): Record<string, string> {
  const allowed = origins.includes('*') ? '*' : origins.find((each) => each === origin);
  return {
    vary: 'Origin',
    ...(allowed && { 'access-control-allow-origin': allowed }),
    'access-control-expose-headers': EXPOSED.join(', '),
  };
}

/** https://fetch.spec.whatwg.org/#cors-preflight-request */
const isPreflight = ({ headers }: FastifyRequest) =>
  headers.origin !== undefined && headers['access-control-request-method'] !== undefined;
