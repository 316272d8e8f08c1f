import helmet, { type FastifyHelmetOptions } from '@fastify/helmet';
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';
import fp from 'fastify-plugin';

/** Serves the OpenAPI 3.1 document of the routes that are added after it, and Swagger UI, which comes with its own files. */
export const apiDocs = fp(async (app: FastifyInstance, { publicBasePath }: { publicBasePath: string }) => {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      servers: [{ url: publicBasePath || '/' }],
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
