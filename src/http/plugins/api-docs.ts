import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';
import fp from 'fastify-plugin';

/** Serves the OpenAPI 3.1 document of the routes that are added after it, and Swagger UI, which comes with its own files. */
export const apiDocs = fp(async (app: FastifyInstance) => {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Order service',
        version: '0.1.0',
        description: 'Takes orders, and publishes an event for each and for what becomes of it.',
      },
      components: {
        securitySchemes: {
          bearer: {
            type: 'http',
            scheme: 'bearer',
            bearerFormat: 'JWT',
            description:
              'An access token of the issuer that the service is configured with. An operation names the scope it needs. ' +
              'A token is limited to the orders of its customer, or has the scope `orders:any` too',
          },
        },
      },
    },
    refResolver: { buildLocalReference: ({ $id }, _base, _fragment, i) => ($id as string) ?? `schema-${i}` },
  });
  await app.register(swaggerUi, { routePrefix: '/docs' });
  app.get('/openapi.json', { schema: { hide: true } }, () => app.swagger());
});
