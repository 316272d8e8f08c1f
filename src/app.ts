import { randomUUIDv7 } from 'node:crypto';
import fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyServerOptions,
  LogController,
} from 'fastify';
import type pg from 'pg';
import { ConnectionGate } from './admission/connection-gate.ts';
import { type Limits, limitsOf } from './admission/limits.ts';
import { Refusals } from './admission/refusals.ts';
import type { Logger } from './core/log.ts';
import { probe } from './core/pool.ts';
import { read } from './db/reader.ts';
import { createDispatcher } from './dispatcher.ts';
import { api } from './http/api.ts';
import type { OidcSettings } from './http/auth/auth-config.ts';
import { issuerKeys } from './http/auth/issuer-keys.ts';
import { createTokenVerifier, type TokenVerifier } from './http/auth/token-verifier.ts';
import { answerBrokenRequest } from './http/broken-request.ts';
import { type EdgeOptions, edge as edgePlugin } from './http/edge.ts';
import { readKeyPair } from './http/key-pair.ts';
import { apiDocs } from './http/plugins/api-docs.ts';
import { closeGently } from './http/plugins/closing.ts';
import { crossOrigin } from './http/plugins/cross-origin.ts';
import { earlyRefusal } from './http/plugins/early-refusal.ts';
import { InFlight } from './http/plugins/in-flight.ts';
import { jsonBody } from './http/plugins/json-body.ts';
import { metrics } from './http/plugins/metrics.ts';
import { otherMethods } from './http/plugins/other-methods.ts';
import { answerProblem, problems } from './http/plugins/problems.ts';
import { requestContext, startContext } from './http/plugins/request-context.ts';
import { requestLog } from './http/plugins/request-log.ts';
import { eventDocumentRoutes } from './http/routes/event-document-routes.ts';
import { healthRoutes } from './http/routes/health-routes.ts';
import { problemRoutes } from './http/routes/problem-routes.ts';
import { compileValidator } from './http/validation.ts';
import { EVENT_CATALOGUE } from './messages/event-catalogue.ts';
import { findOrderWithHistory } from './orders/order-history-store.ts';
import { listOrders } from './orders/order-store.ts';
import { findOrderEvents } from './outbox/outbox-reader.ts';
import { receptors } from './receptors/registry.ts';

export interface AppDeps {
  readonly pool: pg.Pool;
  readonly log: Logger;
  /** Whether to serve /openapi.json, /asyncapi.json, /docs and /schemas. */
  readonly docs: boolean;
  /** Whose tokens are taken; without it everybody may do everything. */
  readonly auth?: OidcSettings | undefined;
  /** What stands between clients and the api; nothing unless it is given. */
  readonly edge?: EdgeOptions;
  /** Whether the process is through with its start; until then it is not ready. */
  readonly isStarted?: () => boolean;
  /** Whether the process was asked to stop: then it is not ready, and serves what still comes until it is closed. */
  readonly isStopping?: () => boolean;
  /** Default: what follows from the size of the pool. */
  readonly limits?: Limits;
  /** Rejects when the database does not answer. Default: asks over the pool; a process has a connection of its own for it. */
  readonly probeDatabase?: () => Promise<void>;
  readonly now?: () => Date;
  readonly newId?: () => string;
}

const BODY_LIMIT = 256 * 1024;

/** The api with its real options, the same in production and in tests. The caller listens and closes; the pool stays the caller's. */
export async function buildApp(deps: AppDeps): Promise<FastifyInstance> {
  const { pool, log, docs, auth, edge = {}, isStarted = () => true, isStopping = () => false } = deps;
  const { now = () => new Date(), newId = randomUUIDv7 } = deps;
  const { limits = limitsOf(pool.options.max), probeDatabase = () => probe(pool) } = deps;
  const { publicBasePath = '', corsOrigins } = edge;
  const app = fastify({
    ...listenerOptions(edge),
    loggerInstance: log as FastifyBaseLogger,
    genReqId: () => newId(), // a request is a message; its id is always ours
    logController: new LogController({ requestIdLogLabel: 'messageId', disableRequestLogging: true }),
    bodyLimit: BODY_LIMIT,
    routerOptions: { maxParamLength: 16_384 }, // no more than Node takes in headers: an over-long id is a 404 as any other
    // A request has 10 s to arrive, and Node looks every second whether one is over that.
    requestTimeout: 10_000,
    connectionTimeout: 30_000,
    keepAliveTimeout: 72_000,
    return503OnClosing: false, // what still arrives on an open connection is served, and told to connect anew
    frameworkErrors: (error, request, reply) => {
      startContext(request, reply, newId);
      answerProblem(error, request, reply);
    },
    clientErrorHandler: answerBrokenRequest,
  });
  app.setValidatorCompiler(compileValidator);
  // What is answered is what the schemas document; a serializer made from them would drop and coerce where it is not.
  app.setSerializerCompiler(() => JSON.stringify);

  const isClosing = closeGently(app);
  const refusalOfOtherMethods = otherMethods(app);
  const refusals = new Refusals(log);
  const connections = new ConnectionGate(pool, limits, refusals);
  const inFlight = new InFlight(limits.maxInFlight);
  app.register(metrics, { pool, connections, inFlight, refusals }); // before the first refusal, which is counted too
  if (corsOrigins) app.register(crossOrigin, { origins: corsOrigins }); // as pages are to read that one
  app.register(earlyRefusal, { inFlight, refusals, newId, ...edge, publicBasePath, isClosing });
  app.register(requestContext, { newId });
  app.register(problems, { publicBasePath });
  app.register(jsonBody);
  app.register(edgePlugin, edge);
  app.register(requestLog);
  if (docs) app.register(apiDocs, { publicBasePath });

  const { reading } = connections;
  app.register(api, {
    prefix: '/api',
    publicBasePath,
    dispatcher: createDispatcher({ connections, receptors, now, newId }),
    findOrder: (orderId, owner) => read(reading, (db) => findOrderWithHistory(db, orderId, owner)),
    listOrders: (query) => read(reading, (db) => listOrders(db, query)),
    findOrderEvents: (orderId, owner) => read(reading, (db) => findOrderEvents(db, orderId, owner)),
    verify: auth && tokenVerifier(auth, log, now),
    inFlight,
    refusals,
  });
  app.register(healthRoutes, {
    probeDatabase,
    isOpen: () => isStarted() && !isStopping() && !isClosing(),
  });
  app.register(problemRoutes);
  if (docs) app.register(eventDocumentRoutes, { events: EVENT_CATALOGUE, publicBasePath });
  app.register(refusalOfOtherMethods);
  return app;
}

/** Begins to fetch the keys, so that the first token need not wait for them. */
function tokenVerifier(settings: OidcSettings, log: Logger, now: () => Date): TokenVerifier {
  const { keyOf, prefetch } = issuerKeys({ settings, log, now });
  prefetch();
  return createTokenVerifier({ settings, keyOf, now });
}

/** With or without TLS. Fastify types the two as different instances; what is used here both have. */
function listenerOptions({ tls, trustProxy }: EdgeOptions): FastifyServerOptions {
  const options = {
    headersTimeout: 10_000,
    connectionsCheckingInterval: 1_000,
    requireHostHeader: false, // Node's own refusal has no body; that of the request context has one
  };
  const listener = tls
    ? { https: { ...options, ...readKeyPair(tls), ALPNProtocols: ['http/1.1'] } }
    : { http: options };
  return { ...listener, trustProxy: trustProxy ? [...trustProxy] : false };
}
