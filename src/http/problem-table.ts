import type { ApiErrorCode } from '../api-error.ts';

/** What follows from a way of saying no. */
export interface Consequence {
  readonly status: number;
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error';
  /** There when the very same request may well succeed in a moment. */
  readonly retryAfterSeconds?: number;
  /** Told instead of the error's own message. */
  readonly detail?: string;
}

const OURS: Consequence = { status: 500, logLevel: 'error' };

/** The one place where an error becomes an HTTP status: a code without a row does not compile. docs/problems.md says when. */
export const PROBLEM_TABLE: Readonly<Record<ApiErrorCode, Consequence>> = {
  CONTEXT_INVALID: { status: 400, logLevel: 'info' },
  REQUEST_INVALID: { status: 400, logLevel: 'info' },
  ORDER_INVALID: { status: 400, logLevel: 'info' },
  UNAUTHENTICATED: { status: 401, logLevel: 'info' },
  FORBIDDEN: { status: 403, logLevel: 'info' },
  HTTPS_REQUIRED: { status: 403, logLevel: 'info' },
  ROUTE_NOT_FOUND: { status: 404, logLevel: 'info' },
  ORDER_NOT_FOUND: { status: 404, logLevel: 'info' },
  METHOD_NOT_ALLOWED: { status: 405, logLevel: 'info' },
  NOT_ACCEPTABLE: { status: 406, logLevel: 'info' },
  ORDER_LOCKED: { status: 409, logLevel: 'info', retryAfterSeconds: 1 },
  ORDER_NOT_CANCELLABLE: { status: 409, logLevel: 'info' },
  IDEMPOTENCY_KEY_IN_USE: { status: 409, logLevel: 'info', retryAfterSeconds: 2 },
  ORDER_VERSION_MISMATCH: { status: 412, logLevel: 'info' },
  IDEMPOTENCY_KEY_REUSED: { status: 422, logLevel: 'info' },
  RATE_LIMITED: { status: 429, logLevel: 'info' }, // Retry-After is what is left of the window: src/http/plugins/request-rate.ts
  CONFIG_INVALID: OURS,
  SCHEMA_BEHIND: OURS,
  SCHEMA_NOT_FOUND: OURS,
  DATABASE_POOLED: OURS,
  OVERLOADED: {
    status: 503,
    logLevel: 'debug', // counted, and told by one line for all of them
    retryAfterSeconds: 1,
    detail: 'There are more requests than can be served at the moment. Nothing was changed; try again.',
  },
  DATABASE_UNAVAILABLE: {
    status: 503,
    logLevel: 'warn',
    retryAfterSeconds: 2,
    detail: 'The database does not answer, or did not store it. Nothing was changed; try again.',
  },
  COMMIT_UNCERTAIN: {
    status: 503,
    logLevel: 'error',
    retryAfterSeconds: 2,
    detail:
      'The database did not confirm what was asked for: it may exist or not. If the request had an Idempotency-Key, ' +
      'send it again with the same key, and it happens once. If it had none, look before trying again.',
  },
  ISSUER_UNAVAILABLE: {
    status: 503,
    logLevel: 'error',
    retryAfterSeconds: 2,
    detail: 'The token cannot be checked: its issuer does not answer. Nothing was changed; try again.',
  },
};

/** Of an error without a code that Fastify or its parsers blame on the client. */
export const refusedAs = (status: number): Consequence => ({ status, logLevel: 'info' });

/** Of any other error: a client is told nothing but that it happened. */
export const UNEXPECTED = { ...OURS, detail: 'Something went wrong on our side.' };
