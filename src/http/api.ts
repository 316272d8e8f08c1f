import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { documentCommonAnswers } from './documented-answers.ts';
import { boundInFlight, type InFlightDeps } from './plugins/in-flight.ts';
import { jsonOnly } from './plugins/json-only.ts';
import { type OrderEventsDeps, orderEventsRoute } from './routes/order-events-route.ts';
import { type OrderListDeps, orderListRoute } from './routes/order-list-route.ts';
import { type OrderRoutesDeps, orderRoutes } from './routes/order-routes.ts';

export type ApiDeps = OrderRoutesDeps & OrderListDeps & OrderEventsDeps & InFlightDeps;

/** Everything under the prefix that it is registered with. What is asked of every request there stands before the routes. */
export const api: FastifyPluginAsyncTypebox<ApiDeps> = async (app, deps) => {
  const { dispatcher, findOrder, listOrders, findOrderEvents, inFlight, refusals } = deps;
  app.addHook('onRoute', documentCommonAnswers);
  app.register(boundInFlight, { inFlight, refusals });
  app.register(jsonOnly);
  app.register(orderRoutes, { dispatcher, findOrder });
  app.register(orderListRoute, { listOrders });
  app.register(orderEventsRoute, { findOrderEvents });
};
