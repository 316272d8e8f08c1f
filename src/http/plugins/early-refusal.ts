import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';
import fp from 'fastify-plugin';
import { ApiError } from '../../api-error.ts';
import { readContext } from '../headers/context-headers.ts';
import { hostFault } from '../headers/host.ts';
import { problemHeaders, reactionTo } from '../problem-details.ts';
import { crossOriginHeaders } from './cross-origin.ts';
import type { InFlightDeps } from './in-flight.ts';
import { SECURITY_HEADERS } from './security-headers.ts';

/** Of its `Retry-After`: how soon a connection that was refused may ask again. Clients that wait spread themselves around the whole. */
const SOONEST = 1 / 2;
/** Of what is refused before it has a route. */
const ROUTE = '/api/*';

export interface EarlyRefusalDeps extends InFlightDeps {
  readonly newId: () => string;
  readonly publicBasePath: string;
  readonly corsOrigins?: readonly string[] | undefined;
  readonly httpsRedirect?: boolean | undefined;
  readonly isClosing: () => boolean;
}

/**
 * Refuses what comes under /api while as many requests as may be are worked on: with the answer of `boundInFlight`, before Fastify has
 * it, for half of the CPU. Who asks again on the same connection at once is delayed until its `Retry-After` is over by half or more, and
 * served then if there is room. What Fastify answers in another way before it looks at the bound, such as a header that is not valid, is left to it.
 */
export const earlyRefusal = fp(async (app: FastifyInstance, deps: EarlyRefusalDeps) => {
  const { inFlight, refusals, newId, publicBasePath, corsOrigins, httpsRedirect, isClosing } = deps;
  const reaction = reactionTo(new ApiError('OVERLOADED', ''), '');
  const { problem, retryAfterSeconds = 0, summary, logLevel } = reaction;
  const { status } = problem;
  const ofProblem = problemHeaders(problem, retryAfterSeconds, publicBasePath);
  const soonestMs = 1_000 * retryAfterSeconds * SOONEST;
  const refusedAt = new WeakMap<Socket, number>();
  const delayed = new WeakSet<Socket>();

  const [handOn] = app.server.listeners('request') as [RequestListener];
  app.server.removeAllListeners('request');
  app.server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    if (!isBeyond(request)) {
      handOn(request, response);
      return;
    }
    const { socket } = request;
    const now = performance.now();
    const leftMs = (refusedAt.get(socket) ?? Number.NEGATIVE_INFINITY) + soonestMs - now;
    if (leftMs <= 0 || delayed.has(socket)) {
      refuse(request, response, now);
      return;
    }
    delayed.add(socket);
    const look = () => {
      delayed.delete(socket);
      if (socket.destroyed) return;
      if (isBeyond(request)) refuse(request, response, now);
      else handOn(request, response);
    };
    setTimeout(look, leftMs + Math.random() * soonestMs); // apart: a crowd that comes back as one keeps all others waiting
  });

  function isBeyond({ method, url = '' }: IncomingMessage): boolean {
    if (inFlight.count < inFlight.max || isClosing()) return false;
    return url.startsWith('/api/') && method !== 'OPTIONS'; // which may be a preflight
  }

  function refuse(request: IncomingMessage, response: ServerResponse, since: number): void {
    const { method = '', headers, socket } = request;
    refusedAt.set(socket, performance.now());
    const id = newId();
    const { context, requestId, faults } = readContext(headers, id, newId);
    if (faults.length > 0 || hostFault(request) || headers.expect !== undefined || httpsRedirect) {
      handOn(request, response);
      return;
    }

    refusals.count('in-flight');
    app.countProblem(problem);
    const { correlationId } = context;
    app.log[logLevel]({ messageId: id, correlationId, requestId, method }, `Answering ${status}: ${summary}`);
    const body = JSON.stringify({ ...problem, instance: `urn:uuid:${id}` });
    response.writeHead(status, {
      ...(corsOrigins && crossOriginHeaders(corsOrigins, headers.origin)),
      ...(requestId && { 'x-request-id': requestId }),
      'x-correlation-id': correlationId,
      ...ofProblem,
      ...SECURITY_HEADERS,
      'content-length': Buffer.byteLength(body),
    });
    response.end(body);
    app.observeAnswer(method, ROUTE, status, (performance.now() - since) / 1_000);
  }
});
