import type { RouteOptions } from 'fastify';
import { ApiError } from '../../api-error.ts';
import { problemAnswer } from '../documented-answers.ts';
import { badToken, challenge } from './bearer-token.ts';
import type { Scope } from './caller.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The scope that a token needs; `open` for what is told to everybody. */
    access?: Scope | 'open';
  }
}

const WWW_AUTHENTICATE = {
  'WWW-Authenticate': {
    type: 'string',
    description: 'What is wrong, or missing: RFC 6750',
    examples: [challenge('invalid_token', badToken('it has expired').message)],
  },
};
const REFUSALS = {
  401: problemAnswer('There is no token, or it is not valid', badToken('it has expired'), WWW_AUTHENTICATE),
  403: problemAnswer(
    'The token lacks a scope, or is for another customer',
    new ApiError('FORBIDDEN', 'The token lacks the scope orders:any'),
    WWW_AUTHENTICATE,
  ),
};

/**
 * For `onRoute`: documents the scope that a route needs, as something that may be left out unless tokens are required. Throws for a route
 * that does not say who may: none is open by mistake.
 */
export function documentAccess(isRequired: boolean) {
  return (route: RouteOptions): void => {
    const { method, url, config, schema } = route;
    const access = config?.access;
    if (!access) throw new Error(`${String(method)} ${url} has to say in config.access who may`);
    if (access === 'open' || !schema || schema.hide) return;
    const security = [...(isRequired ? [] : [{}]), { bearer: [] }];
    // OpenAPI 3.1 lets roles stand beside `bearer`; Spectral, and generators for 3.0, take scopes of OAuth 2 flows alone.
    const scope = { 'x-required-scope': access };
    route.schema = {
      ...schema,
      ...scope,
      security,
      response: { ...REFUSALS, ...(schema.response as object) },
    };
  };
}
