import accepts from '@fastify/accepts';
import type { FastifyInstance } from 'fastify';
import fp from 'fastify-plugin';
import { notAcceptable } from '../documented-answers.ts';

// With its parameter too: a range that names one fits only what has it. https://www.rfc-editor.org/rfc/rfc9110#section-12.5.1
const ANSWERS = ['application/json', 'application/json; charset=utf-8', 'application/problem+json'];

/** Refuses, before anything is done, to answer in JSON somebody who will not have it. */
export const jsonOnly = fp(async (app: FastifyInstance) => {
  await app.register(accepts);
  app.addHook('onRequest', (request, _reply, done) => {
    const { accept } = request.headers;
    // What most clients send, or leave out, needs no parser.
    const isOpen = accept === undefined || accept === '*/*';
    done(isOpen || request.accepts().type(ANSWERS) !== false ? undefined : notAcceptable());
  });
});
