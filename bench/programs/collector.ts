import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { answerRequests } from '../support/worker.ts';

// Takes OTLP over HTTP and forgets it.

let received = 0;

answerRequests(async (request: { kind: 'open' } | { kind: 'received' }) => {
  if (request.kind === 'received') return received;
  const server = createServer((incoming, response) => {
    incoming.on('data', (chunk: Buffer) => {
      received += chunk.length;
    });
    incoming.on('end', () => response.end());
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
