import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import fp from 'fastify-plugin';
import type { Logger } from '../../core/log.ts';
import type { MessageContext } from '../../messages/message-context.ts';
import { readContext } from '../headers/context-headers.ts';
import { headerError } from '../headers/header-error.ts';
import { hostFault } from '../headers/host.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** The context of the request as a message: its id is the request's. */
    messageContext: MessageContext;
  }
}

/** Makes a message of every request: gives it its context. Refuses one whose headers are not valid. */
export const requestContext = fp(async (app: FastifyInstance, { newId }: { newId: () => string }) => {
  app.decorateRequest('messageContext');
  app.addHook('onRequest', (request, reply, done) => {
    const faults = startContext(request, reply, newId);
    done(faults.length > 0 ? headerError(...faults) : undefined);
  });
});

/** Gives a request its message context, its answer the correlation id and the X-Request-Id that it has, and its log lines all of them. Returns what is wrong with the headers. */
export function startContext(request: FastifyRequest, reply: FastifyReply, newId: () => string) {
  const { context, requestId, faults } = readContext(request.headers, request.id, newId);
  request.messageContext = context;
  (request.log as Logger).setBindings({
    correlationId: context.correlationId,
    ...(requestId && { requestId }),
  });
  if (requestId) reply.header('x-request-id', requestId);
  reply.header('x-correlation-id', context.correlationId);
  const fault = hostFault(request.raw);
  return fault ? [...faults, fault] : faults;
}
