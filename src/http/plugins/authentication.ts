import type { FastifyInstance, FastifyReply } from 'fastify';
import fp from 'fastify-plugin';
import { ApiError, isApiError } from '../../api-error.ts';
import { bearerToken, challenge } from '../auth/bearer-token.ts';
import { type Caller, missingScope } from '../auth/caller.ts';
import type { TokenVerifier } from '../auth/token-verifier.ts';
import { headerError, headerFault } from '../headers/header-error.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Who asks; undefined where no token is asked for. */
    caller: Caller | undefined;
  }
}

/**
 * Lets a request through to its route when its token has the scope that the route needs, before its body is read: the token's subject is
 * then the user of the context. Refuses it otherwise, with a challenge: https://www.rfc-editor.org/rfc/rfc6750#section-3
 */
export const authentication = fp(async (app: FastifyInstance, { verify }: { verify: TokenVerifier }) => {
  app.addHook('onRequest', async (request, reply) => {
    const { access = 'orders:any' } = request.routeOptions.config;
    if (access === 'open') return;
    const caller = await callerOf(request.headers.authorization, reply);
    const missing = missingScope(caller, access);
    if (missing) throw refusal(missing, reply);
    if (request.headers['x-user-id'] !== undefined)
      throw headerError(headerFault('x-user-id', 'is not taken: the token says who asks'));
    request.caller = caller;
    request.messageContext = { ...request.messageContext, userId: caller.subject };
  });

  async function callerOf(authorization: string | undefined, reply: FastifyReply): Promise<Caller> {
    try {
      const token = bearerToken(authorization);
      if (token !== undefined) return await verify(token);
    } catch (error) {
      if (isApiError(error) && error.code === 'UNAUTHENTICATED')
        reply.header('www-authenticate', challenge('invalid_token', error.message));
      throw error;
    }
    reply.header('www-authenticate', challenge());
    throw new ApiError('UNAUTHENTICATED', 'A bearer token is needed: Authorization: Bearer TOKEN');
  }
});

function refusal(missing: string, reply: FastifyReply): ApiError {
  const message = `The token lacks the scope ${missing}`;
  reply.header('www-authenticate', challenge('insufficient_scope', message, missing));
  return new ApiError('FORBIDDEN', message);
}
