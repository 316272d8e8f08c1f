import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import { Type } from '@sinclair/typebox';
import type { FastifyInstance } from 'fastify';
import { Problem } from './problem.ts';

const CORRELATION_ID = {
  'X-Correlation-Id': { type: 'string', description: 'The one that was sent, or a new one' },
};

/** Goes with every answer after which the same request may be sent again. */
export const RETRY_AFTER = { 'Retry-After': { type: 'integer', description: 'Seconds' } };

/** Serves the OpenAPI 3.1 document of the routes that are added after it, and Swagger UI, which comes with its own files. */
export async function openApi(app: FastifyInstance): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Order service',
        version: '0.1.0',
        description: 'Takes orders and publishes an event for each.',
      },
    },
    refResolver: { buildLocalReference: ({ $id }, _base, _fragment, i) => ($id as string) ?? `schema-${i}` },
  });
  await app.register(swaggerUi, { routePrefix: '/docs' });
  app.get('/openapi.json', { schema: { hide: true } }, () => app.swagger());
}

/** A documented answer, with the headers it has beside the correlation id. */
export function answer(description: string, schema: object, headers: object = {}) {
  return {
    description,
    headers: { ...CORRELATION_ID, ...headers },
    content: { 'application/json': { schema } },
  };
}

/** A documented problem answer. */
export function problemAnswer(description: string, headers: object = {}) {
  return {
    description,
    headers: { ...CORRELATION_ID, ...headers },
    content: { 'application/problem+json': { schema: Type.Ref(Problem.$id ?? '') } },
  };
}

/** Documents the headers of the message context; src/http/request-context.ts is what checks them. */
export const contextHeaders = Type.Object({
  'X-Correlation-Id': Type.Optional(
    Type.String({ description: '1 to 128 visible ASCII characters; made when absent' }),
  ),
  'X-Request-Id': Type.Optional(
    Type.String({
      description: 'For the log alone, and returned; left out if it is not 1 to 128 visible ASCII characters',
    }),
  ),
  'X-User-Id': Type.Optional(Type.String({ description: 'Who asks; 1 to 128 visible ASCII characters' })),
  traceparent: Type.Optional(Type.String({ description: 'W3C Trace Context' })),
  tracestate: Type.Optional(Type.String({ description: 'W3C Trace Context' })),
});
