import type { FastifyInstance, FastifyRequest } from 'fastify';
import fp from 'fastify-plugin';
import { isOrderId } from '../routes/order-view.ts';

declare module 'fastify' {
  interface FastifyReply {
    /** Of the line that tells of this answer. */
    logLevel: 'debug' | 'info';
  }
}

/** One line for each answer. It has the pattern of the route, not the address: a query and what stands in a path are the client's data. */
export const requestLog = fp(async (app: FastifyInstance) => {
  app.decorateReply('logLevel', 'info');
  app.addHook('onResponse', (request, reply, done) => {
    const { method } = request;
    const { statusCode: status } = reply;
    const route = request.routeOptions.url ?? 'no route';
    const ms = Math.round(reply.elapsedTime);
    request.log[reply.logLevel](
      { method, route, orderId: orderIn(request), status, ms },
      `${method} ${route} ${status}`,
    );
    done();
  });
});

/** The one value of an address that is ours, and so can be told; undefined where there is none. */
function orderIn({ params }: FastifyRequest): string | undefined {
  const { orderId } = (params ?? {}) as { orderId?: string };
  return orderId !== undefined && isOrderId(orderId) ? orderId : undefined;
}
