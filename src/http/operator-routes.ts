import type { FastifyRequest } from 'fastify';

/** Whether it is a probe or a scraper that asks: it comes past the proxy, often and without TLS. */
export const isOfOperator = ({ routeOptions: { url = '' } }: FastifyRequest) =>
  url.startsWith('/health/') || url === '/metrics';
