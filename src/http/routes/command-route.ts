import { type TObject, Type } from '@sinclair/typebox';
import type { FastifyReply, FastifyRequest, FastifySchema } from 'fastify';
import { ApiError } from '../../api-error.ts';
import type { AnswerOf, CommandOf, Dispatcher } from '../../dispatcher.ts';
import type { KeptAnswer } from '../../idempotency/keyed-request.ts';
import type { Receptors } from '../../receptors/registry.ts';
import { problemAnswer, RETRY_AFTER } from '../documented-answers.ts';
import { readKeyedRequest } from '../headers/idempotency-key.ts';

export interface CommandRoute<Answer> {
  /** What is answered, always a success: the body goes out as JSON. */
  readonly toAnswer: (answer: Answer) => CommandAnswer;
  /** Called once for each command that was carried out and committed, and for no replay. */
  readonly onCommitted: (answer: Answer, request: FastifyRequest) => void;
}

export interface CommandAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

/**
 * Handles a POST that has a command carried out. Takes an Idempotency-Key, which `commandSchema` documents: what a request with
 * a key was answered, its repeats are answered, whichever process they come to.
 */
export function commandHandler<T extends keyof Receptors>(
  dispatcher: Dispatcher<Receptors>,
  type: T,
  { toAnswer, onCommitted }: CommandRoute<AnswerOf<Receptors[T]>>,
) {
  const toKept = (answer: AnswerOf<Receptors[T]>): KeptAnswer => {
    const { status, headers, body } = toAnswer(answer);
    return { status, headers, body: JSON.stringify(body) };
  };
  return async <R extends FastifyRequest>(
    request: R,
    reply: FastifyReply,
    toCommand: (request: R) => CommandOf<Receptors[T]>,
  ) => {
    const keyed = readKeyedRequest(request);
    const once = keyed && { request: keyed, toKept };
    const command = { type, body: toCommand(request) };
    const done = await dispatcher.dispatch(command, request.messageContext, once);
    if (done.replayed) reply.header('idempotency-replayed', 'true');
    else onCommitted(done.answer, request);
    const answer = done.replayed ? done.kept : (done.kept ?? toKept(done.answer));
    reply.code(answer.status).headers(answer.headers).type('application/json; charset=utf-8');
    return Buffer.from(answer.body); // the very bytes that are kept
  };
}

const IDEMPOTENCY_KEY = Type.Optional(
  Type.String({
    description:
      '1 to 255 visible ASCII characters, quoted or not, new for each new request. Sent again with the same key within 24 hours, ' +
      'a request that had succeeded is not carried out again, and gets the answer it got. ' +
      'A key belongs to this operation and to the caller (`X-User-Id`)',
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
  'The database does not answer. With the type commit-uncertain, what was asked for may have been done',
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
