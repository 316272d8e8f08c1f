import { STATUS_CODES } from 'node:http';
import { type Static, Type } from '@sinclair/typebox';
import type { ApiErrorCode } from '../../api-error.ts';
import { PROBLEM_TABLE } from '../problem-table.ts';
import { problemName, problemType } from '../problem-type.ts';
import { PROBLEM_TEXTS } from './problem-texts.ts';

/** What there is to know of one type of problem. */
export const ProblemType = Type.Object(
  {
    name: Type.String({ description: 'The last part of the type' }),
    type: Type.String({ description: 'As problems have it' }),
    status: Type.Integer({ minimum: 400, maximum: 599 }),
    title: Type.String({ description: 'As problems have it' }),
    when: Type.String(),
    whatToDo: Type.String(),
    retryAfterSeconds: Type.Optional(
      Type.Integer({ description: 'There when the same request may be sent again, after this long' }),
    ),
  },
  { title: 'ProblemType', additionalProperties: false },
);
export type ProblemType = Static<typeof ProblemType>;

/** Every type of problem, in the order of their statuses. */
export const PROBLEM_TYPES: readonly ProblemType[] = (Object.keys(PROBLEM_TABLE) as ApiErrorCode[]).map(
  (code) => {
    const { status, retryAfterSeconds } = PROBLEM_TABLE[code];
    const type = problemType(code);
    return {
      name: problemName(type),
      type,
      status,
      title: STATUS_CODES[status] ?? 'Error',
      ...PROBLEM_TEXTS[code],
      ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
    };
  },
);
