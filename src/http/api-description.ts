import type { FastifyDynamicSwaggerOptions } from '@fastify/swagger';
import { VERSION } from '../core/version.ts';

/** What the OpenAPI document says of the whole; its routes say the rest. */
export const apiDescription = (
  publicBasePath: string,
): NonNullable<FastifyDynamicSwaggerOptions['openapi']> => ({
  openapi: '3.1.0',
  info: {
    title: 'Order service',
    version: VERSION,
    description:
      'Takes orders, and publishes an event for each and for what becomes of it. Every error is a problem of RFC 9457: ' +
      `its \`type\` can be looked up at [/problems](${publicBasePath}/problems), and its \`Link\` header leads there.`,
    contact: { name: 'Whoever runs this service' },
    license: { name: 'MIT', identifier: 'MIT' },
  },
  servers: [{ url: publicBasePath || '/', description: 'Where this document comes from' }],
  tags: [
    { name: 'orders', description: 'Orders, and their events' },
    { name: 'events', description: 'The contract of the events that are sent and received' },
    { name: 'health', description: 'For what starts, stops and routes to this process' },
    { name: 'problems', description: 'What each type of problem means' },
  ],
  components: {
    securitySchemes: {
      bearer: {
        type: 'http',
        scheme: 'bearer',
        bearerFormat: 'JWT',
        description:
          'An access token of the issuer that the service is configured with. An operation names the scope it needs: `x-required-scope`. ' +
          'A token is limited to the orders of its customer, or has the scope `orders:any` too',
      },
    },
  },
  // A route with other needs says so itself.
  security: [{}, { bearer: [] }],
});
