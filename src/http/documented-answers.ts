import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import { Type } from '@sinclair/typebox';
import type { FastifyInstance } from 'fastify';
import { ApiError } from '../api-error.ts';
import { Problem, toProblem } from './problem.ts';

const EXAMPLE_ID = '0193c0ff-ee00-7abc-8def-0123456789ab';
const CORRELATION_ID = {
  'X-Correlation-Id': { type: 'string', description: 'The one that was sent, or a new one' },
};

/** Goes with every answer after which the same request may be sent again. */
export const RETRY_AFTER = { 'Retry-After': { type: 'integer', description: 'Seconds' } };
export const CACHE_CONTROL = { 'Cache-Control': { type: 'string', examples: ['private, no-cache'] } };

/** Serves the OpenAPI 3.1 document of the routes that are added after it, and Swagger UI, which comes with its own files. */
export async function openApi(app: FastifyInstance): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Order service',
        version: '0.1.0',
        description: 'Takes orders, and publishes an event for each and for what becomes of it.',
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

/** A documented answer that has no body. */
export function emptyAnswer(description: string, headers: object = {}) {
  return { description, headers: { ...CORRELATION_ID, ...headers }, type: 'null' };
}

/** A documented problem answer, with what is answered to an error such as `example`. */
export function problemAnswer(description: string, headers: object = {}, example?: Error) {
  const shown = example && { example: toProblem(example, EXAMPLE_ID) };
  return {
    description,
    headers: { ...CORRELATION_ID, ...headers },
    content: { 'application/problem+json': { schema: Type.Ref(Problem.$id ?? ''), ...shown } },
  };
}

/** An error that Fastify or its parsers blame on the client, as an example. */
export const refused = (statusCode: number, message: string) =>
  Object.assign(new Error(message), { statusCode });

/** Answers of every route that asks the database. */
export const databaseProblems = {
  500: problemAnswer('A fault of ours', {}, new Error('Not told')),
  503: problemAnswer(
    'The database does not answer. With the type commit-uncertain, what was asked for may have been done',
    RETRY_AFTER,
    new ApiError('DATABASE_UNAVAILABLE', 'No database connection'),
  ),
};

/** Answers of every route that takes a body. */
export const bodyProblems = {
  408: problemAnswer('The request took too long to arrive', {}, refused(408, 'Request Timeout')),
  413: problemAnswer('The body is larger than 256 KB', {}, refused(413, 'Request body is too large')),
  415: problemAnswer('The body is not application/json', {}, refused(415, 'Unsupported Media Type')),
};

/** Documents the headers of the message context; src/http/headers/context-headers.ts is what checks them. */
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
