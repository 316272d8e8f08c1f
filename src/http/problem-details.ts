import { STATUS_CODES } from 'node:http';
import { type Static, Type } from '@sinclair/typebox';
import type { FastifyError } from 'fastify';
import { ApiError, isApiError } from '../api-error.ts';
import type { Fault } from '../core/errors.ts';
import { isDatabaseUnavailable } from '../db/database-failure.ts';
import { bodyFaults } from './body/body-faults.ts';
import { type Consequence, PROBLEM_TABLE, refusedAs, UNEXPECTED } from './problem-table.ts';
import { problemPage, problemType } from './problem-type.ts';
import { refusalText } from './refusal-text.ts';

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
        { title: 'Fault', additionalProperties: false },
      ),
      { maxItems: 50 },
    ),
  },
  { title: 'Problem', additionalProperties: false },
);
export type Problem = Static<typeof Problem>;

const MAX_FAULTS = 50;

/** What a client is told about an error: of one that is not its own, nothing but that it happened. */
export function toProblem(error: unknown, requestId: string): Problem {
  return reactionTo(error, requestId).problem;
}

export interface Reaction extends Consequence {
  readonly problem: Problem;
  /** What a log may hold of it: nothing that the client chose. */
  readonly summary: string;
  readonly faultsToLog: readonly Fault[];
}

/** The same, with what else follows from the error. */
export function reactionTo(error: unknown, requestId: string): Reaction {
  const known = asApiError(error);
  if (known) {
    const { code, message, faults } = known;
    const consequence = PROBLEM_TABLE[code];
    const detail = consequence.detail ?? `${message}${firstOf(faults)}`;
    const problem = problemOf(problemType(code), consequence.status, detail, requestId, faults);
    const faultsToLog = faults.filter(({ quotesClient }) => !quotesClient).slice(0, MAX_FAULTS);
    return { ...consequence, problem, summary: consequence.detail ?? message, faultsToLog };
  }
  const status = clientStatus(error);
  const detail = status === undefined ? UNEXPECTED.detail : refusalText(error as FastifyError);
  const consequence = status === undefined ? UNEXPECTED : refusedAs(status);
  const faults = status === undefined ? [] : [{ pointer: '', detail }];
  const problem = problemOf('about:blank', consequence.status, detail, requestId, faults);
  return { ...consequence, problem, summary: detail, faultsToLog: faults };
}

/** What goes with a problem beside the headers of every answer. */
export function problemHeaders(
  { type }: Problem,
  retryAfterSeconds: number | undefined,
  publicBasePath: string,
): Record<string, string | number> {
  const page = problemPage(type);
  return {
    ...(page && { link: `<${publicBasePath}${page}>; rel="describedby"` }),
    ...(retryAfterSeconds !== undefined && { 'retry-after': retryAfterSeconds }),
    'content-type': 'application/problem+json',
  };
}

function asApiError(error: unknown): ApiError | undefined {
  if (isApiError(error)) return error;
  if (isDatabaseUnavailable(error))
    return new ApiError('DATABASE_UNAVAILABLE', 'Query failed', { cause: error });
  const { validation } = error as Partial<FastifyError>;
  if (validation)
    return new ApiError('REQUEST_INVALID', 'The request cannot be taken', { faults: bodyFaults(validation) });
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

function problemOf(
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
