import type { FastifyReply, FastifyRequest } from 'fastify';
import type { AnswerOf, CommandOf, Dispatcher } from '../../dispatcher.ts';
import { answeredOnce } from '../../idempotency/answered-once.ts';
import type { KeptAnswer } from '../../idempotency/keyed-request.ts';
import type { Receptors } from '../../receptors/registry.ts';
import { readKeyedRequest } from '../headers/idempotency-key.ts';
import type { Change } from '../plugins/request-log.ts';

export interface CommandRoute<Answer> {
  /** What is answered, always a success: the body goes out as JSON. */
  readonly toAnswer: (answer: Answer) => CommandAnswer;
  /** What the log tells of a command that changed something, once that is committed, and of no replay. */
  readonly toChange: (answer: Answer) => Change;
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
  { toAnswer, toChange }: CommandRoute<AnswerOf<Receptors[T]>>,
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
    const once = keyed && answeredOnce(keyed, toKept);
    const command = { type, body: toCommand(request) };
    const done = await dispatcher.dispatch(command, request.messageContext, once);
    if (done.replayed) reply.header('idempotency-replayed', 'true');
    else if (done.changed) {
      const { fields, text } = toChange(done.answer);
      request.log.debug(fields, text); // already here, since the line of the answer waits for the client
      reply.change = { fields, text };
    }
    const answer = done.replayed ? done.kept : (done.kept ?? toKept(done.answer));
    reply.code(answer.status).headers(answer.headers).type('application/json; charset=utf-8');
    return Buffer.from(answer.body); // the very bytes that are kept
  };
}
