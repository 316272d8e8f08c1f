import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { documentAccess } from './auth/route-access.ts';
import type { TokenVerifier } from './auth/token-verifier.ts';
import { documentCommonAnswers } from './documented-answers.ts';
import { authentication } from './plugins/authentication.ts';
import { boundInFlight, type InFlightDeps } from './plugins/in-flight.ts';
import { jsonOnly } from './plugins/json-only.ts';
import { type OrderEventsDeps, orderEventsRoute } from './routes/order-events-route.ts';
import { type OrderListDeps, orderListRoute } from './routes/order-list-route.ts';
import { type OrderRoutesDeps, orderRoutes } from './routes/order-routes.ts';

export type ApiDeps = Omit<OrderRoutesDeps & OrderListDeps & OrderEventsDeps, 'publicPrefix'> &
  InFlightDeps & {
    /** What a proxy takes off the paths of all requests; empty if none does. */
    readonly publicBasePath: string;
    /** Checks the token that every request then needs; without it everybody may do everything. */
    readonly verify: TokenVerifier | undefined;
  };

/** Everything under the prefix that it is registered with. What is asked of every request there stands before the routes. */
export const api: FastifyPluginAsyncTypebox<ApiDeps> = async (app, deps) => {
  const { dispatcher, findOrder, listOrders, findOrderEvents, publicBasePath, verify } = deps;
  const publicPrefix = `${publicBasePath}${app.prefix}`;
  app.decorateRequest('caller');
  app.addHook('onRoute', documentCommonAnswers);
  app.addHook('onRoute', documentAccess(verify !== undefined));
  if (verify) app.register(authentication, { verify });
  app.register(boundInFlight, { inFlight: deps.inFlight, refusals: deps.refusals });
  app.register(jsonOnly);
  app.register(orderRoutes, { dispatcher, findOrder, publicPrefix });
  app.register(orderListRoute, { listOrders, publicPrefix });
  app.register(orderEventsRoute, { findOrderEvents });
};
