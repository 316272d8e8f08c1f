import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { documentAccess } from './auth/route-access.ts';
import type { TokenVerifier } from './auth/token-verifier.ts';
import { documentCommonAnswers } from './documented-answers.ts';
import { authentication } from './plugins/authentication.ts';
import { jsonOnly } from './plugins/json-only.ts';
import { type OrderEventsDeps, orderEventsRoute } from './routes/order-events-route.ts';
import { type OrderListDeps, orderListRoute } from './routes/order-list-route.ts';
import { type OrderRoutesDeps, orderRoutes } from './routes/order-routes.ts';

export type ApiDeps = OrderRoutesDeps &
  OrderListDeps &
  OrderEventsDeps & {
    /** Checks the token that every request then needs; without it everybody may do everything. */
    readonly verify: TokenVerifier | undefined;
  };

/** Everything under the prefix that it is registered with. What is asked of every request there stands before the routes. */
export const api: FastifyPluginAsyncTypebox<ApiDeps> = async (app, deps) => {
  const { dispatcher, findOrder, listOrders, findOrderEvents, verify } = deps;
  app.decorateRequest('caller');
  app.addHook('onRoute', documentCommonAnswers);
  app.addHook('onRoute', documentAccess(verify !== undefined));
  if (verify) app.register(authentication, { verify });
  app.register(jsonOnly);
  app.register(orderRoutes, { dispatcher, findOrder });
  app.register(orderListRoute, { listOrders });
  app.register(orderEventsRoute, { findOrderEvents });
};
