import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import fp from 'fastify-plugin';
import { ApiError } from '../../api-error.ts';
import { errorCode } from '../../core/errors.ts';
import { type Problem, problemHeaders, reactionTo } from '../problem-details.ts';
import type { Consequence } from '../problem-table.ts';
import { slashHint } from '../slash-hint.ts';

declare module 'fastify' {
  interface FastifyInstance {
    /** What the paths of this service begin with for a client. */
    readonly publicBasePath: string;
  }
}

/** Answers every error, and every address that is not there, with problem details. */
export const problems = fp(async (app: FastifyInstance, { publicBasePath }: { publicBasePath: string }) => {
  app.decorate('publicBasePath', publicBasePath);
  app.setErrorHandler(answerProblem);
  app.setNotFoundHandler((request, reply) =>
    answerProblem(new ApiError('ROUTE_NOT_FOUND', nothingHere(request)), request, reply),
  );
});

export function answerProblem(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const { problem, logLevel, retryAfterSeconds, summary, faultsToLog } = reactionTo(error, request.id);
  request.log[logLevel](
    toldOf(error, logLevel, problem, faultsToLog),
    `Answering ${problem.status}: ${summary}`,
  );
  reply.logLevel = logLevel === 'debug' ? 'debug' : 'info';
  const { server } = request;
  server.countProblem(problem);
  const headers = problemHeaders(problem, retryAfterSeconds, server.publicBasePath);
  reply.code(problem.status).headers(headers).serializer(JSON.stringify).send(problem);
}

const nothingHere = ({ method, url }: FastifyRequest) =>
  `There is no ${method} here; check the address${slashHint(url)}`;

function toldOf(
  error: unknown,
  logLevel: Consequence['logLevel'],
  { status }: Problem,
  faults: unknown,
): object {
  if (logLevel === 'error') return { err: error };
  // An outage that is expected needs no stack for each request.
  if (status >= 500) return { code: errorCode((error as Error).cause) ?? errorCode(error) };
  // Of what is the client's fault, the error itself may quote what was sent.
  return { errors: faults };
}
