import helmet, { type FastifyHelmetOptions } from '@fastify/helmet';
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';
import fp from 'fastify-plugin';
import { apiDescription } from '../api-description.ts';
import { nameShapes } from '../named-shapes.ts';

/** Serves the OpenAPI 3.1 document of the routes that are added after it, and Swagger UI, which comes with its own files. */
export const apiDocs = fp(async (app: FastifyInstance, { publicBasePath }: { publicBasePath: string }) => {
  await app.register(swagger, {
    openapi: apiDescription(publicBasePath),
    transformObject: (document) =>
      'openapiObject' in document ? nameShapes(document.openapiObject) : document.swaggerObject,
  });
  await app.register(async (page) => {
    await page.register(helmet, ofPage);
    await page.register(swaggerUi, { routePrefix: '/docs', indexPrefix: publicBasePath });
  });
  app.get('/openapi.json', { schema: { hide: true } }, () => app.swagger());
});

/** What Swagger UI needs, and no more: it styles its own elements and has its icons in its CSS. HTTPS_REDIRECT says when to insist on TLS. */
const ofPage = {
  contentSecurityPolicy: {
    useDefaults: false,
    directives: {
      defaultSrc: ["'none'"],
      baseUri: ["'none'"],
      connectSrc: ["'self'"],
      fontSrc: ["'self'", 'data:'],
      frameAncestors: ["'none'"],
      imgSrc: ["'self'", 'data:'],
      scriptSrc: ["'self'"],
      styleSrc: ["'self'", "'unsafe-inline'"],
    },
  },
  strictTransportSecurity: false,
} satisfies FastifyHelmetOptions;
