import { randomUUIDv7 } from 'node:crypto';
import fastify, {
  type FastifyBaseLogger,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from 'fastify';
import type pg from 'pg';
import { ApiError } from './api-error.ts';
import type { Logger } from './core/log.ts';
import { probe } from './core/pool.ts';
import { readerOn } from './db/reader.ts';
import { createDispatcher } from './dispatcher.ts';
import type { App } from './http/app-instance.ts';
import { answerBrokenRequest } from './http/broken-request.ts';
import { openApi } from './http/documented-answers.ts';
import { readContext } from './http/headers/context-headers.ts';
import { closeGently } from './http/plugins/closing.ts';
import { addJsonParser } from './http/plugins/json-body.ts';
import { answerJsonOnly } from './http/plugins/json-only.ts';
import { otherMethods } from './http/plugins/other-methods.ts';
import { isTemporary, Problem, toProblem } from './http/problem.ts';
import { healthRoutes } from './http/routes/health-routes.ts';
import { orderEventsRoute } from './http/routes/order-events-route.ts';
import { orderListRoute } from './http/routes/order-list-route.ts';
import { orderRoutes } from './http/routes/order-routes.ts';
import { ajvOptions } from './http/validation.ts';
import { findOrder, listOrders } from './orders/order-store.ts';
import { findOrderEvents } from './outbox/outbox-reader.ts';
import { receptors } from './receptors/registry.ts';

export interface AppDeps {
  readonly pool: pg.Pool;
  readonly log: Logger;
  /** Whether to serve /openapi.json and /docs. */
  readonly docs: boolean;
  /** Whether the process is through with its start; until then it is not ready. */
  readonly isStarted?: () => boolean;
  readonly now?: () => Date;
  readonly newId?: () => string;
}

const BODY_LIMIT = 256 * 1024;
const RETRY_AFTER_SECONDS = 2;

/** The api with its real options, the same in production and in tests. The caller listens and closes; the pool stays the caller's. */
export async function buildApp(deps: AppDeps): Promise<App> {
  const newId = deps.newId ?? (() => randomUUIDv7());
  const app: App = fastify({
    loggerInstance: deps.log as FastifyBaseLogger,
    genReqId: () => newId(), // a request is a message; its id is always ours
    logController: new LogController({ requestIdLogLabel: 'messageId', disableRequestLogging: true }),
    ajv: ajvOptions,
    bodyLimit: BODY_LIMIT,
    routerOptions: { maxParamLength: 16_384 }, // no more than Node takes in headers: an over-long id is a 404 as any other
    // A request has 10 s to arrive, and Node looks every second whether one is over that.
    requestTimeout: 10_000,
    connectionTimeout: 30_000,
    keepAliveTimeout: 72_000,
    // Node's own refusal of a request without Host has no body; ours is below.
    http: { headersTimeout: 10_000, connectionsCheckingInterval: 1_000, requireHostHeader: false },
    return503OnClosing: false, // what still arrives on an open connection is served, and told to connect anew
    frameworkErrors: (error, request, reply) => {
      startContext(request, reply, newId);
      sendProblem(error, request, reply);
    },
    clientErrorHandler: answerBrokenRequest,
  });
  // What is answered is what the schemas document; a serializer made from them would drop and coerce where it is not.
  app.setSerializerCompiler(() => JSON.stringify);
  addJsonParser(app);
  const addOtherMethods = otherMethods(app);
  app.addSchema(Problem);

  const isClosing = closeGently(app);
  app.decorateRequest('messageContext');
  app.addHook('onRequest', async (request, reply) => {
    const faults = [...startContext(request, reply, newId)];
    if (request.raw.httpVersion === '1.1' && request.headers.host === undefined) {
      faults.push({ pointer: '', detail: 'host is required' });
    }
    if (faults.length > 0) throw new ApiError('CONTEXT_INVALID', 'A header is not valid', { faults });
  });
  answerJsonOnly(app);
  app.addHook('onSend', async (_request, reply) => {
    reply.header('x-content-type-options', 'nosniff');
  });
  app.addHook('onResponse', async (request, reply) => {
    const { method, url } = request;
    const ms = Math.round(reply.elapsedTime);
    request.log.info({ method, url, status: reply.statusCode, ms }, `${method} ${url} ${reply.statusCode}`);
  });
  app.setErrorHandler(sendProblem);
  app.setNotFoundHandler((request, reply) =>
    sendProblem(new ApiError('ROUTE_NOT_FOUND', `There is no ${request.method} here`), request, reply),
  );

  if (deps.docs) await openApi(app);
  const { pool } = deps;
  const dispatcher = createDispatcher({ pool, receptors, now: deps.now ?? (() => new Date()), newId });
  const db = readerOn(pool);
  orderRoutes(app, { findOrder: (orderId) => findOrder(db, orderId), dispatcher });
  orderListRoute(app, { listOrders: (query) => listOrders(db, query) });
  orderEventsRoute(app, { findOrderEvents: (orderId) => findOrderEvents(db, orderId) });
  healthRoutes(app, {
    probeDatabase: () => probe(pool),
    isOpen: () => !isClosing() && (deps.isStarted?.() ?? true),
  });
  app.register(addOtherMethods);
  return app;
}

/** Gives a request its message context, its answer the correlation id and the X-Request-Id that it has, and its log lines all of them. Returns what is wrong with the headers. */
function startContext(request: FastifyRequest, reply: FastifyReply, newId: () => string) {
  const { context, requestId, faults } = readContext(request.headers, request.id, newId);
  request.messageContext = context;
  (request.log as Logger).setBindings({
    correlationId: context.correlationId,
    ...(requestId && { requestId }),
  });
  if (requestId) reply.header('x-request-id', requestId);
  reply.header('x-correlation-id', context.correlationId);
  return faults;
}

function sendProblem(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const problem = toProblem(error, request.id);
  if (problem.status >= 500)
    request.log.error({ err: error }, `Answering ${problem.status}: ${problem.detail}`);
  else request.log.info({ errors: problem.errors }, `Answering ${problem.status}: ${problem.detail}`);
  if (isTemporary(problem)) reply.header('retry-after', RETRY_AFTER_SECONDS);
  reply.code(problem.status).type('application/problem+json').serializer(JSON.stringify).send(problem);
}
