import type { RouteOptions } from 'fastify';
import { ApiError } from '../api-error.ts';
import { headerError, headerFault } from './headers/header-error.ts';
import { Problem, toProblem } from './problem-details.ts';

const EXAMPLE_ID = '0193c0ff-ee00-7abc-8def-0123456789ab';
const CORRELATION_ID = {
  'X-Correlation-Id': { type: 'string', description: 'The one that was sent, or a new one' },
};

const LINK = {
  Link: {
    type: 'string',
    description:
      'Where the type of the problem is explained, with rel="describedby"; not there for about:blank',
    examples: ['</problems/request-invalid>; rel="describedby"'],
  },
};

/** Goes with every answer after which the same request may be sent again. */
export const RETRY_AFTER = { 'Retry-After': { type: 'integer', description: 'Seconds' } };
export const CACHE_CONTROL = { 'Cache-Control': { type: 'string', examples: ['private, no-cache'] } };

/** A documented answer, with the headers it has beside the correlation id. */
export function answer(description: string, schema: object, headers: object = {}) {
  return {
    description,
    headers: { ...CORRELATION_ID, ...headers },
    content: { 'application/json': { schema } },
  };
}

/** A documented answer that has no body. */
export function emptyAnswer(description: string, headers: object = {}) {
  return { description, headers: { ...CORRELATION_ID, ...headers }, type: 'null' };
}

/** A documented problem answer, with what is answered to `example`. */
export function problemAnswer(description: string, example: Error, headers: object = {}) {
  return {
    description,
    headers: { ...CORRELATION_ID, ...LINK, ...headers },
    content: {
      'application/problem+json': {
        schema: Problem,
        example: toProblem(example, EXAMPLE_ID),
      },
    },
  };
}

/** The answer of a route that takes no body and no query to a request that is not valid. */
export const headerProblem = problemAnswer(
  'A header or the address is not valid',
  headerError(headerFault('x-correlation-id', 'must be 1 to 128 visible ASCII characters')),
);

/** An error that Fastify or its parsers blame on the client, as an example. */
const refused = (statusCode: number, code: string) => Object.assign(new Error(code), { statusCode, code });

const OF_EVERY_ROUTE = {
  406: problemAnswer(
    'The Accept header admits neither application/json nor application/problem+json',
    notAcceptable(),
  ),
  429: problemAnswer(
    'The caller has asked more often than RATE_LIMIT allows',
    new ApiError('RATE_LIMITED', 'There were more than 100 requests; wait 42 s'),
    RETRY_AFTER,
  ),
  431: problemAnswer('The headers are larger than 16 KB', refused(431, 'HPE_HEADER_OVERFLOW')),
  500: problemAnswer('A fault of ours', new Error('Not told')),
  503: problemAnswer(
    'The database does not answer. With the type overloaded, there are more requests than can be served soon',
    new ApiError('DATABASE_UNAVAILABLE', 'No database connection'),
    RETRY_AFTER,
  ),
};

const OF_ROUTES_WITH_A_BODY = {
  403: problemAnswer(
    'The request came without TLS, and HTTPS_REDIRECT is on',
    new ApiError('HTTPS_REQUIRED', 'This came without TLS; send it to the same address with https:'),
  ),
  408: problemAnswer('The request took too long to arrive', refused(408, 'ERR_HTTP_REQUEST_TIMEOUT')),
  413: problemAnswer('The body is larger than 256 KB', refused(413, 'FST_ERR_CTP_BODY_TOO_LARGE')),
  415: problemAnswer('The body is not application/json', refused(415, 'FST_ERR_CTP_INVALID_MEDIA_TYPE')),
};

/** Adds to what a route says of itself what every route may answer. */
export function documentCommonAnswers(route: RouteOptions): void {
  const { schema } = route;
  if (!schema || schema.hide) return;
  const common = { ...OF_EVERY_ROUTE, ...(schema.body ? OF_ROUTES_WITH_A_BODY : {}) };
  route.schema = { ...schema, response: { ...common, ...(schema.response as object) } };
}

export function notAcceptable(): ApiError {
  return new ApiError(
    'NOT_ACCEPTABLE',
    'Answers are application/json or application/problem+json, and the Accept header admits neither',
  );
}
