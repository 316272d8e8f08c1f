import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import { type TObject, Type } from '@sinclair/typebox';
import type {
  FastifyRequest,
  FastifySchema,
  RawRequestDefaultExpression,
  RawServerDefault,
  RouteGenericInterface,
} from 'fastify';
import { ApiError } from '../../api-error.ts';
import type { AnswerOf, CommandOf, Dispatcher } from '../../dispatcher.ts';
import type { KeptAnswer } from '../../idempotency/keyed-request.ts';
import type { Message } from '../../messages/message.ts';
import type { Receptors } from '../../receptors/registry.ts';
import type { App } from '../app-instance.ts';
import { problemAnswer, RETRY_AFTER } from '../documented-answers.ts';
import { readKeyedRequest } from '../headers/idempotency-key.ts';

export interface CommandRoute<S extends CommandSchema, T extends keyof Receptors> {
  readonly url: string;
  readonly schema: S;
  readonly toCommand: (request: RequestOf<S>) => Message<T, CommandOf<Receptors[T]>>;
  /** What is answered, always a success: the body goes out as JSON. */
  readonly toAnswer: (outcome: AnswerOf<Receptors[T]>) => CommandAnswer;
  /** Called once for each command that was carried out and committed, and for no replay. */
  readonly onCommitted?: (outcome: AnswerOf<Receptors[T]>, request: RequestOf<S>) => void;
}

export interface CommandAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: unknown;
}

type CommandSchema = FastifySchema & { readonly headers: TObject; readonly response: object };
type RequestOf<S extends CommandSchema> = FastifyRequest<
  RouteGenericInterface,
  RawServerDefault,
  RawRequestDefaultExpression,
  S,
  TypeBoxTypeProvider
>;

/**
 * A POST that has a command carried out and answers what came of it. All of them take an Idempotency-Key, by being made here:
 * what a request with a key was answered, its repeats are answered, whichever process they come to.
 */
export function commandRoute<const S extends CommandSchema, T extends keyof Receptors>(
  app: App,
  dispatcher: Dispatcher<Receptors>,
  route: CommandRoute<S, T>,
): void {
  const { url, schema, toCommand, toAnswer, onCommitted } = route;
  const toKept = (outcome: AnswerOf<Receptors[T]>): KeptAnswer => {
    const { status, headers = {}, body } = toAnswer(outcome);
    return { status, headers, body: JSON.stringify(body) };
  };
  app.post(url, { schema: repeatable(schema) }, async (incoming, reply) => {
    const request = incoming as unknown as RequestOf<S>;
    const keyed = readKeyedRequest(incoming as FastifyRequest);
    const command = toCommand(request);
    const done = await dispatcher.dispatchOnce(command, request.messageContext, keyed, toKept);
    if (done.replayed) reply.header('idempotency-replayed', 'true');
    else onCommitted?.(done.outcome, request);
    const { status, headers, body } = done.answer;
    reply.code(status).headers(headers).type('application/json; charset=utf-8');
    return Buffer.from(body); // the very bytes that are kept
  });
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

/** Documents what is the same for all of these routes. */
function repeatable(schema: CommandSchema): CommandSchema {
  const response = Object.entries(schema.response).map(([status, documented]) =>
    status.startsWith('2')
      ? [status, { ...documented, headers: { ...documented.headers, 'Idempotency-Replayed': REPLAYED } }]
      : [status, documented],
  );
  return {
    ...schema,
    headers: Type.Object({ ...schema.headers.properties, 'Idempotency-Key': IDEMPOTENCY_KEY }),
    response: {
      409: problemAnswer(
        'The first request with this Idempotency-Key is still under way',
        RETRY_AFTER,
        new ApiError('IDEMPOTENCY_KEY_IN_USE', 'The first request with this key is still under way'),
      ),
      422: problemAnswer(
        'This Idempotency-Key belongs to another request',
        {},
        new ApiError('IDEMPOTENCY_KEY_REUSED', 'This key was sent with another request'),
      ),
      ...Object.fromEntries(response),
    },
  };
}
