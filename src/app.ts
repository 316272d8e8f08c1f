import { randomUUIDv7 } from 'node:crypto';
import fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify';
import type pg from 'pg';
import type { Logger } from './core/log.ts';
import { probe } from './core/pool.ts';
import { readerOn } from './db/reader.ts';
import { createDispatcher } from './dispatcher.ts';
import { api } from './http/api.ts';
import type { OidcSettings } from './http/auth/auth-config.ts';
import { issuerKeys } from './http/auth/issuer-keys.ts';
import { createTokenVerifier, type TokenVerifier } from './http/auth/token-verifier.ts';
import { answerBrokenRequest } from './http/broken-request.ts';
import { apiDocs } from './http/plugins/api-docs.ts';
import { closeGently } from './http/plugins/closing.ts';
import { jsonBody } from './http/plugins/json-body.ts';
import { otherMethods } from './http/plugins/other-methods.ts';
import { answerProblem, problems } from './http/plugins/problems.ts';
import { requestContext, startContext } from './http/plugins/request-context.ts';
import { requestLog } from './http/plugins/request-log.ts';
import { securityHeaders } from './http/plugins/security-headers.ts';
import { healthRoutes } from './http/routes/health-routes.ts';
import { compileValidator } from './http/validation.ts';
import { findOrder, listOrders } from './orders/order-store.ts';
import { findOrderEvents } from './outbox/outbox-reader.ts';
import { receptors } from './receptors/registry.ts';

export interface AppDeps {
  readonly pool: pg.Pool;
  readonly log: Logger;
  /** Whether to serve /openapi.json and /docs. */
  readonly docs: boolean;
  /** Whose tokens are taken; without it everybody may do everything. */
  readonly auth?: OidcSettings | undefined;
  /** Whether the process is through with its start; until then it is not ready. */
  readonly isStarted?: () => boolean;
  readonly now?: () => Date;
  readonly newId?: () => string;
}

const BODY_LIMIT = 256 * 1024;

/** The api with its real options, the same in production and in tests. The caller listens and closes; the pool stays the caller's. */
export async function buildApp(deps: AppDeps): Promise<FastifyInstance> {
  const {
    pool,
    log,
    docs,
    auth,
    isStarted = () => true,
    now = () => new Date(),
    newId = randomUUIDv7,
  } = deps;
  const app = fastify({
    loggerInstance: log as FastifyBaseLogger,
    genReqId: () => newId(), // a request is a message; its id is always ours
    logController: new LogController({ requestIdLogLabel: 'messageId', disableRequestLogging: true }),
    bodyLimit: BODY_LIMIT,
    routerOptions: { maxParamLength: 16_384 }, // no more than Node takes in headers: an over-long id is a 404 as any other
    // A request has 10 s to arrive, and Node looks every second whether one is over that.
    requestTimeout: 10_000,
    connectionTimeout: 30_000,
    keepAliveTimeout: 72_000,
    // Node's own refusal of a request without Host has no body; that of the request context has one.
    http: { headersTimeout: 10_000, connectionsCheckingInterval: 1_000, requireHostHeader: false },
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
  app.register(requestContext, { newId });
  app.register(problems);
  app.register(jsonBody);
  app.register(securityHeaders);
  app.register(requestLog);
  if (docs) app.register(apiDocs);

  const db = readerOn(pool);
  app.register(api, {
    prefix: '/api',
    dispatcher: createDispatcher({ pool, receptors, now, newId }),
    findOrder: (orderId, owner) => findOrder(db, orderId, owner),
    listOrders: (query) => listOrders(db, query),
    findOrderEvents: (orderId, owner) => findOrderEvents(db, orderId, owner),
    verify: auth && tokenVerifier(auth, log, now),
  });
  app.register(healthRoutes, {
    probeDatabase: () => probe(pool),
    isOpen: () => !isClosing() && isStarted(),
  });
  app.register(refusalOfOtherMethods);
  return app;
}

/** Begins to fetch the keys, so that the first token need not wait for them. */
function tokenVerifier(settings: OidcSettings, log: Logger, now: () => Date): TokenVerifier {
  const { keyOf, prefetch } = issuerKeys({ settings, log, now });
  prefetch();
  return createTokenVerifier({ settings, keyOf, now });
}
