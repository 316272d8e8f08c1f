import type { FastifyInstance, FastifyRequest } from 'fastify';
import fp from 'fastify-plugin';
import { isOrderId } from '../routes/order-view.ts';

declare module 'fastify' {
  interface FastifyReply {
    /** Of the line that tells of this answer. */
    logLevel: 'debug' | 'info';
    /** What the request has changed, which that line tells too. */
    change: Change | undefined;
  }
}

/** A sentence for people, and what it says as fields. */
export interface Change {
  readonly text: string;
  readonly fields: Readonly<Record<string, string | number>>;
}

/** One line for each answer. It has the pattern of the route, not the address: a query and what stands in a path are the client's data. */
export const requestLog = fp(async (app: FastifyInstance) => {
  app.decorateReply('logLevel', 'info');
  app.decorateReply('change', undefined);
  app.addHook('onResponse', (request, reply, done) => {
    const { method } = request;
    const { statusCode: status, change } = reply;
    const route = request.routeOptions.url ?? 'no route';
    const ms = Math.round(reply.elapsedTime);
    const answer = `${method} ${route} ${status}`;
    request.log[reply.logLevel](
      { method, route, orderId: orderIn(request), status, ms, ...change?.fields },
      change ? `${answer}: ${change.text}` : answer,
    );
    done();
  });
});

/** The one value of an address that is ours, and so can be told; undefined where there is none. */
function orderIn({ params }: FastifyRequest): string | undefined {
  const { orderId } = (params ?? {}) as { orderId?: string };
  return orderId !== undefined && isOrderId(orderId) ? orderId : undefined;
}
