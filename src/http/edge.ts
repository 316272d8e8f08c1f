import type { FastifyInstance } from 'fastify';
import fp from 'fastify-plugin';
import type { KeyPairFiles } from './key-pair.ts';
import { certificateReload } from './plugins/certificate-reload.ts';
import { expectations } from './plugins/expectations.ts';
import { httpsRedirect } from './plugins/https-redirect.ts';
import { requestRate } from './plugins/request-rate.ts';
import { securityHeaders } from './plugins/security-headers.ts';
import type { RateLimit } from './rate-limit.ts';

/** What stands between clients and the api. What is not given is off. */
export interface EdgeOptions {
  /** The origins whose pages may read answers; `*` is any. */
  readonly corsOrigins?: readonly string[] | undefined;
  /** How much one caller may ask of this process. */
  readonly rateLimit?: RateLimit | undefined;
  /** Whose `X-Forwarded-` headers are believed: addresses and networks. */
  readonly trustProxy?: readonly string[] | undefined;
  readonly httpsRedirect?: boolean | undefined;
  /** What a proxy takes off the path of every request: `/shop`. */
  readonly publicBasePath?: string | undefined;
  /** Makes the app speak TLS. A new pair in these files is taken without a restart. */
  readonly tls?: KeyPairFiles | undefined;
}

/** What is asked of every request before any route is, except for what has to come before the request context: CORS. */
export const edge = fp(async (app: FastifyInstance, options: EdgeOptions) => {
  const { rateLimit, tls, publicBasePath = '' } = options;
  app.register(securityHeaders);
  app.register(expectations);
  if (tls) app.register(certificateReload, tls);
  if (options.httpsRedirect) app.register(httpsRedirect, { publicBasePath });
  if (rateLimit) app.register(requestRate, rateLimit);
});
