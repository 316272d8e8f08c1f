import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FastifyInstance } from 'fastify';
import fp from 'fastify-plugin';

/**
 * Lets a client that sends `Expect: 100-continue` send its body only if that can be taken, and refuses any other expectation:
 * https://www.rfc-editor.org/rfc/rfc9110#section-10.1.1
 */
export const expectations = fp(async (app: FastifyInstance) => {
  const { server } = app;
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    // Of a body that is too large Fastify reads nothing; it answers at once.
    const isTooLarge = Number(request.headers['content-length'] ?? 0) > (app.initialConfig.bodyLimit ?? 0);
    if (!isTooLarge) response.writeContinue();
    server.emit('request', request, response);
  });
  // Node's own refusal has no body; that of the hook has one.
  server.on('checkExpectation', (request, response) => server.emit('request', request, response));
  app.addHook('onRequest', (request, _reply, done) => {
    const { expect = CONTINUE } = request.headers;
    done(expect.toLowerCase() === CONTINUE ? undefined : refusal);
  });
});

const CONTINUE = '100-continue';
const refusal = Object.assign(new Error('The only expectation is 100-continue; leave Expect out'), {
  statusCode: 417,
});
