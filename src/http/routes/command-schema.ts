import { type TObject, Type } from '@sinclair/typebox';
import type { FastifySchema } from 'fastify';
import { ApiError } from '../../api-error.ts';
import { problemAnswer, RETRY_AFTER } from '../documented-answers.ts';

const IDEMPOTENCY_KEY = Type.Optional(
  Type.String({
    description:
      '1 to 255 visible ASCII characters, quoted or not, new for each new request. Sent again with the same key within 24 hours, ' +
      'a request that had succeeded is not carried out again, and gets the answer it got. ' +
      'A key belongs to this operation and to the caller: of the token, or else `X-User-Id`',
  }),
);
const REPLAYED = { type: 'string', enum: ['true'], description: 'There when this is a repeated answer' };
const IN_USE = problemAnswer(
  'The first request with this Idempotency-Key is still under way',
  new ApiError('IDEMPOTENCY_KEY_IN_USE', 'The first request with this key is still under way'),
  RETRY_AFTER,
);
const REUSED = problemAnswer(
  'This Idempotency-Key belongs to another request',
  new ApiError('IDEMPOTENCY_KEY_REUSED', 'This key was sent with another request'),
);
const UNCERTAIN = problemAnswer(
  'The database does not answer. With the type overloaded, there are more requests than can be served soon. ' +
    'With the type commit-uncertain, what was asked for may have been done',
  new ApiError('DATABASE_UNAVAILABLE', 'No database connection'),
  RETRY_AFTER,
);

interface CommandSchema extends FastifySchema {
  readonly headers: TObject;
  readonly response: Readonly<Record<number, DocumentedAnswer>>;
}

interface DocumentedAnswer {
  readonly description: string;
  readonly headers: object;
}

/** Documents what is the same for all routes with a `commandHandler`. */
export function commandSchema<const S extends CommandSchema>(schema: S) {
  const own = Object.entries(schema.response).map(([status, answer]) => [
    status,
    status.startsWith('2')
      ? { ...answer, headers: { ...answer.headers, 'Idempotency-Replayed': REPLAYED } }
      : answer,
  ]);
  const conflict = schema.response[409];
  return {
    ...schema,
    headers: Type.Object({ ...schema.headers.properties, 'Idempotency-Key': IDEMPOTENCY_KEY }),
    response: {
      422: REUSED,
      503: UNCERTAIN,
      ...Object.fromEntries(own),
      409: conflict ? either(conflict, IN_USE) : IN_USE,
    },
  };
}

/** One status, for one reason or for another. */
function either(one: DocumentedAnswer, other: DocumentedAnswer): DocumentedAnswer {
  const description = `${one.description}. Or: ${other.description}`;
  return { ...one, description, headers: { ...one.headers, ...other.headers } };
}
