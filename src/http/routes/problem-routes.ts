import accepts from '@fastify/accepts';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from '@sinclair/typebox';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ApiError } from '../../api-error.ts';
import { answer, headerProblem, problemAnswer } from '../documented-answers.ts';
import { PROBLEM_TYPES, ProblemType } from '../problem-pages/problem-catalogue.ts';
import { problemHtml } from '../problem-pages/problem-html.ts';

/** What each type of problem means, as JSON or, for a browser, as a page. */
export const problemRoutes: FastifyPluginAsyncTypebox = async (app) => {
  await app.register(accepts);

  app.get('/problems', { schema: schemas.list }, (request, reply) =>
    wantsHtml(request, reply)
      ? problemHtml('Problems of the order service', PROBLEM_TYPES)
      : { items: PROBLEM_TYPES },
  );

  app.get('/problems/:name', { schema: schemas.one }, (request, reply) => {
    const found = PROBLEM_TYPES.find(({ name }) => name === request.params.name);
    if (!found) throw notFound();
    return wantsHtml(request, reply) ? problemHtml('A problem of the order service', [found]) : found;
  });
};

/** Whether a page is what the client prefers; says so in the headers. */
function wantsHtml(request: FastifyRequest, reply: FastifyReply): boolean {
  const isHtml = request.accepts().type(['json', 'html']) === 'html';
  reply
    .header('vary', 'accept')
    .type(isHtml ? 'text/html; charset=utf-8' : 'application/json; charset=utf-8');
  return isHtml;
}

const notFound = () => new ApiError('ROUTE_NOT_FOUND', 'There is no such type of problem');

const [example] = PROBLEM_TYPES;
const OF_BOTH = {
  tags: ['problems'],
  description: 'As HTML for a client that prefers it, such as a browser.',
  security: [],
};

const schemas = {
  list: {
    ...OF_BOTH,
    operationId: 'listProblemTypes',
    summary: 'List the types of problem',
    response: {
      200: asHtmlToo(
        answer(
          'Every type of problem',
          Type.Object(
            { items: Type.Array(ProblemType) },
            { title: 'ProblemTypes', additionalProperties: false, examples: [{ items: [example] }] },
          ),
        ),
      ),
      400: headerProblem,
    },
  },
  one: {
    ...OF_BOTH,
    operationId: 'getProblemType',
    summary: 'Look a type of problem up',
    params: Type.Object({
      name: Type.String({
        description: 'The last part of the `type` of a problem',
        examples: [example?.name],
      }),
    }),
    response: {
      200: asHtmlToo(answer('What the problem means, and what to do', ProblemType)),
      400: headerProblem,
      404: problemAnswer('There is no such type of problem', notFound()),
    },
  },
};

function asHtmlToo<A extends { content: object }>(json: A) {
  return { ...json, content: { ...json.content, 'text/html': { schema: { type: 'string' } } } };
}
