import type { FastifyInstance } from 'fastify';
import fp from 'fastify-plugin';
import { ApiError } from '../../api-error.ts';
import { isOfOperator } from '../operator-routes.ts';

const ONE_YEAR = 'max-age=31536000';
const HOST_NAME = /^([\w.-]+|\[[\da-fA-F:.]+\])$/;

/**
 * Sends readers to HTTPS, and refuses everybody else who comes without: their request was readable on its way, and a client
 * that is redirected would go on sending it so. Answers over HTTPS ask browsers to stay with it: https://www.rfc-editor.org/rfc/rfc6797
 */
export const httpsRedirect = fp(
  async (app: FastifyInstance, { publicBasePath }: { publicBasePath: string }) => {
    app.addHook('onRequest', async (request, reply) => {
      const { method, url, hostname } = request;
      if (request.protocol === 'https') {
        reply.header('strict-transport-security', ONE_YEAR);
        return undefined;
      }
      if (isOfOperator(request)) return undefined;
      const isReader = method === 'GET' || method === 'HEAD';
      if (!isReader || !url.startsWith('/') || !HOST_NAME.test(hostname))
        throw new ApiError(
          'HTTPS_REQUIRED',
          'This came without TLS; send it to the same address with https:',
        );
      return reply.redirect(`https://${hostname}${publicBasePath}${url}`, 308);
    });
  },
);
