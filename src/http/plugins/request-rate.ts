import rateLimit, { normalizeIP } from '@fastify/rate-limit';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import fp from 'fastify-plugin';
import { ApiError } from '../../api-error.ts';
import { isOfOperator } from '../operator-routes.ts';
import type { RateLimit } from '../rate-limit.ts';

/**
 * Bounds what one caller may ask of this process, and tells each how much is left, in the fields of
 * https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/11/. Before the body is read, and after it is known who asks.
 */
export const requestRate = fp(async (app: FastifyInstance, { requests, windowSeconds }: RateLimit) => {
  await app.register(rateLimit, {
    global: false,
    max: requests,
    timeWindow: windowSeconds * 1_000,
    keyGenerator: callerOf,
  });
  const count = app.createRateLimit();
  const policy = `"default";q=${requests};w=${windowSeconds}`;

  app.addHook('preParsing', async (request, reply) => {
    if (isOfOperator(request)) return;
    const counted = await count(request);
    if (counted.isAllowed) return;
    const { remaining, ttlInSeconds, isExceeded } = counted;
    reply
      .header('ratelimit-policy', policy)
      .header('ratelimit', `"default";r=${remaining};t=${ttlInSeconds}`);
    if (!isExceeded) return;
    reply.header('retry-after', ttlInSeconds);
    throw new ApiError('RATE_LIMITED', `There were more than ${requests} requests; wait ${ttlInSeconds} s`);
  });
});

/** Who is signed in; else the address, of IPv6 the network that a household has. */
function callerOf(request: FastifyRequest): string {
  const { caller } = request as { caller?: { subject?: string } };
  return caller?.subject === undefined ? `ip ${normalizeIP(request.ip)}` : `subject ${caller.subject}`;
}
