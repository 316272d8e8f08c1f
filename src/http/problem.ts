import { STATUS_CODES } from 'node:http';
import { type Static, Type } from '@sinclair/typebox';
import type { FastifyError } from 'fastify';
import { ApiError, type ApiErrorCode, isApiError } from '../api-error.ts';
import type { Fault } from '../core/errors.ts';
import { isDatabaseUnavailable } from '../db/database-failure.ts';
import { bodyFaults } from './validation.ts';

/** Problem details, https://www.rfc-editor.org/rfc/rfc9457, with every wrong field and the tutorial's `error`. */
export const Problem = Type.Object(
  {
    type: Type.String({
      format: 'uri-reference',
      description: 'Tells problems apart; about:blank: as the status says',
    }),
    title: Type.String(),
    status: Type.Integer({ minimum: 400, maximum: 599 }),
    detail: Type.String(),
    instance: Type.String({ format: 'uri-reference', description: 'This very answer, as it is in the log' }),
    error: Type.String({ description: 'The same as detail' }),
    errors: Type.Array(
      Type.Object(
        {
          pointer: Type.String({ description: 'A JSON pointer into the body; "" when no field is meant' }),
          detail: Type.String(),
        },
        { additionalProperties: false },
      ),
      { maxItems: 50 },
    ),
  },
  { $id: 'Problem', additionalProperties: false },
);
export type Problem = Static<typeof Problem>;

const MAX_FAULTS = 50;

/** The one place where an error becomes an HTTP status. A code that is not here is a fault of ours: 500. */
const STATUS_OF: Partial<Record<ApiErrorCode, number>> = {
  CONTEXT_INVALID: 400,
  REQUEST_INVALID: 400,
  ORDER_INVALID: 400,
  IDEMPOTENCY_KEY_IN_USE: 409,
  IDEMPOTENCY_KEY_REUSED: 422,
  ORDER_NOT_FOUND: 404,
  ORDER_NOT_CANCELLABLE: 409,
  ORDER_VERSION_MISMATCH: 412,
  ROUTE_NOT_FOUND: 404,
  METHOD_NOT_ALLOWED: 405,
  NOT_ACCEPTABLE: 406,
  DATABASE_UNAVAILABLE: 503,
  COMMIT_UNCERTAIN: 503,
};

const DETAIL_OF: Partial<Record<ApiErrorCode, string>> = {
  DATABASE_UNAVAILABLE: 'The database does not answer. Nothing was changed; try again.',
  COMMIT_UNCERTAIN:
    'The database did not confirm what was asked for: it may exist or not. If the request had an Idempotency-Key, ' +
    'send it again with the same key, and it happens once. If it had none, look before trying again.',
};

/** The problems after which the very same request may well succeed in a moment. */
export function isTemporary({ status, type }: Problem): boolean {
  return status === 503 || type === typeOf('IDEMPOTENCY_KEY_IN_USE');
}

/** What a client is told about an error: of one that is not its own, nothing but that it happened. */
export function toProblem(error: unknown, requestId: string): Problem {
  const known = asAppError(error);
  if (known) {
    const status = STATUS_OF[known.code] ?? 500;
    const detail = DETAIL_OF[known.code] ?? `${known.message}${firstOf(known.faults)}`;
    return problem(typeOf(known.code), status, detail, requestId, known.faults);
  }
  const status = clientStatus(error);
  if (status === undefined)
    return problem('about:blank', 500, 'Something went wrong on our side.', requestId);
  return problem('about:blank', status, (error as Error).message, requestId, [
    { pointer: '', detail: (error as Error).message },
  ]);
}

function asAppError(error: unknown): ApiError | undefined {
  if (isApiError(error)) return error;
  if (isDatabaseUnavailable(error))
    return new ApiError('DATABASE_UNAVAILABLE', 'Query failed', { cause: error });
  const { validation } = error as Partial<FastifyError>;
  if (validation) {
    return new ApiError('REQUEST_INVALID', 'The request cannot be taken', { faults: bodyFaults(validation) });
  }
  return undefined;
}

/** The status of an error that Fastify or its parsers blame on the client. */
function clientStatus(error: unknown): number | undefined {
  const { statusCode } = error as Partial<FastifyError>;
  return statusCode !== undefined && statusCode >= 400 && statusCode < 500 ? statusCode : undefined;
}

function firstOf([first, ...others]: readonly Fault[]): string {
  if (!first) return '';
  const more = others.length > 0 ? ` (and ${others.length} more)` : '';
  return `: ${first.pointer} ${first.detail}${more}`.replace(':  ', ': ');
}

function problem(
  type: string,
  status: number,
  detail: string,
  requestId: string,
  faults: readonly Fault[] = [],
): Problem {
  return {
    type,
    title: STATUS_CODES[status] ?? 'Error',
    status,
    detail,
    instance: `urn:uuid:${requestId}`,
    error: detail,
    errors: faults.slice(0, MAX_FAULTS).map(({ pointer, detail }) => ({ pointer, detail })),
  };
}

const typeOf = (code: ApiErrorCode) => `urn:order-service:problem:${code.toLowerCase().replaceAll('_', '-')}`;
