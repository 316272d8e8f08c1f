import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import fp from 'fastify-plugin';
import { ApiError } from '../../api-error.ts';
import { reactionTo } from '../problem-details.ts';
import { problemPage } from '../problem-type.ts';

/** Answers every error, and every address that is not there, with problem details. */
export const problems = fp(async (app: FastifyInstance) => {
  app.setErrorHandler(answerProblem);
  app.setNotFoundHandler((request, reply) =>
    answerProblem(new ApiError('ROUTE_NOT_FOUND', `There is no ${request.method} here`), request, reply),
  );
});

export function answerProblem(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const { problem, logLevel, retryAfterSeconds } = reactionTo(error, request.id);
  // Of what is the client's fault, the error itself may quote what was sent.
  const told = logLevel === 'error' ? { err: error } : { errors: problem.errors };
  request.log[logLevel](told, `Answering ${problem.status}: ${problem.detail}`);
  request.server.countProblem(problem);
  const page = problemPage(problem.type);
  if (page) reply.header('link', `<${page}>; rel="describedby"`);
  if (retryAfterSeconds !== undefined) reply.header('retry-after', retryAfterSeconds);
  reply.code(problem.status).type('application/problem+json').serializer(JSON.stringify).send(problem);
}
