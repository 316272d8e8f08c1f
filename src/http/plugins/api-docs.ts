import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';
import fp from 'fastify-plugin';
import { apiDescription } from '../api-description.ts';
import { nameShapes } from '../named-shapes.ts';

/** Serves the OpenAPI 3.1 document of the routes that are added after it, and Swagger UI, which comes with its own files. */
export const apiDocs = fp(async (app: FastifyInstance) => {
  await app.register(swagger, {
    openapi: apiDescription,
    transformObject: (document) =>
      'openapiObject' in document ? nameShapes(document.openapiObject) : document.swaggerObject,
  });
  await app.register(swaggerUi, { routePrefix: '/docs' });
  app.get('/openapi.json', { schema: { hide: true } }, () => app.swagger());
});
