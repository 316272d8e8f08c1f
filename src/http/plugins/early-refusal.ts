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

/** How soon who was refused is looked at again, of its `Retry-After`: those who wait spread their requests around that. */
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
 * Refuses what comes under /api while as many requests as may be are worked on, with the answer of `boundInFlight` and before Fastify
 * has it, for half of the CPU. Who asks again on the same connection at once is held until half of its `Retry-After` is over, one request
 * at a time: a connection costs two refusals a second at most. What Fastify may answer in another way before it looks at the bound is left to it.
 */
export const earlyRefusal = fp(async (app: FastifyInstance, deps: EarlyRefusalDeps) => {
  const { inFlight, refusals, newId, publicBasePath, corsOrigins, httpsRedirect, isClosing } = deps;
  const {
    problem,
    retryAfterSeconds = 0,
    summary,
    logLevel,
  } = reactionTo(new ApiError('OVERLOADED', ''), '');
  const status = problem.status;
  const ofProblem = problemHeaders(problem, retryAfterSeconds, publicBasePath);
  const soonestMs = 1_000 * retryAfterSeconds * SOONEST;
  const refusedAt = new WeakMap<Socket, number>();
  const held = new WeakSet<Socket>();

  const [handOn] = app.server.listeners('request') as [RequestListener];
  app.server.removeAllListeners('request');
  app.server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    if (!isBeyond(request)) {
      handOn(request, response);
      return;
    }
    const { socket } = request;
    const now = performance.now();
    const waitMs = (refusedAt.get(socket) ?? Number.NEGATIVE_INFINITY) + soonestMs - now;
    if (waitMs <= 0 || held.has(socket)) {
      refuse(request, response, now);
      return;
    }
    held.add(socket);
    setTimeout(() => {
      held.delete(socket);
      if (socket.destroyed) return;
      if (isBeyond(request)) refuse(request, response, now);
      else handOn(request, response);
    }, waitMs);
  });

  function isBeyond({ url = '' }: IncomingMessage): boolean {
    return inFlight.count >= inFlight.max && url.startsWith('/api/') && !isClosing();
  }

  function refuse(request: IncomingMessage, response: ServerResponse, since: number): void {
    const { method = '', headers, socket } = request;
    refusedAt.set(socket, performance.now());
    const id = newId();
    const { context, requestId, faults } = readContext(headers, id, newId);
    const isPlain = method !== 'OPTIONS' && headers.expect === undefined && faults.length === 0;
    if (!isPlain || httpsRedirect || hostFault(request)) {
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
