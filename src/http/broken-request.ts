import { randomUUIDv7 } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { ConnectionError, FastifyInstance } from 'fastify';
import { toProblem } from './problem-details.ts';

const STATUS_OF: Record<string, number> = {
  ERR_HTTP_REQUEST_TIMEOUT: 408,
  HPE_HEADER_OVERFLOW: 431,
};

/** Answers bytes that never became a request: Node's parser refused them or waited too long, so no route or hook has seen them. */
export function answerBrokenRequest(this: FastifyInstance, error: ConnectionError, socket: Socket): void {
  // What failed to become TLS cannot be answered in TLS.
  if (error.code === 'ECONNRESET' || error.code?.startsWith('ERR_SSL') || !socket.writable) {
    socket.destroy();
    return;
  }
  const id = randomUUIDv7();
  const statusCode = STATUS_OF[error.code] ?? 400;
  const problem = toProblem(Object.assign(error, { statusCode }), id);
  this.countProblem(problem);
  this.log.info({ messageId: id, code: error.code }, `Answering ${statusCode} to what is no request`);
  const body = JSON.stringify(problem);
  socket.end(
    [
      `HTTP/1.1 ${statusCode} ${STATUS_CODES[statusCode]}`,
      'Content-Type: application/problem+json',
      `Content-Length: ${Buffer.byteLength(body)}`,
      `X-Correlation-Id: ${id}`,
      'Connection: close',
      '',
      body,
    ].join('\r\n'),
  );
}
