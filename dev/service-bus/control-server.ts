import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { administer, isAdministrative } from './administration/administer.ts';
import { readFault } from './fault-request.ts';
import type { Faults } from './faults.ts';
import type { Journal } from './journal.ts';
import type { Namespace } from './namespace.ts';

export interface ControlServer {
  readonly port: number;
  close(): Promise<void>;
}

/** What the HTTP side is about. */
export interface Controlled {
  readonly namespace: Namespace;
  readonly faults: Faults;
  readonly journal: Journal;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

/**
 * The HTTP side of a broker: the emulator's `GET /health` and administration, and what tests of a broker in a process of its own
 * need.
 *
 * - Whatever has an `api-version`: the administration API, as far as it reads (`administer`).
 * - `GET /journal?from=N`: the entries from an arrival number on, a JSON line each; 410 when they are not kept any more.
 * - `GET /faults`, `POST /faults` (a fault as JSON), `DELETE /faults/ID`, `DELETE /faults` (heals all).
 */
export async function openControlServer(
  controlled: Controlled,
  port: number,
  host: string,
): Promise<ControlServer> {
  const server = createServer((request, response) => {
    handle(controlled, request, response).catch((error: unknown) => {
      send(response, error instanceof RangeError ? 410 : 400, { error: String(error) });
    });
  });
  server.listen(port, host);
  await once(server, 'listening');
  return { port: listeningPort(server), close: () => close(server) };
}

async function handle(
  { faults, journal, namespace, now }: Controlled,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = new URL(request.url ?? '/', `http://${request.headers.host ?? 'localhost'}`);
  const { pathname, searchParams } = url;
  if (isAdministrative(url)) {
    const { authorization } = request.headers;
    const answer = administer(namespace, { method: request.method, url, authorization }, now());
    response
      .writeHead(answer.status, { 'content-type': 'application/atom+xml;charset=utf-8' })
      .end(answer.body);
    return;
  }
  const [, resource = '', id] = pathname.split('/');
  switch (`${request.method} /${resource}`) {
    case 'GET /health':
      send(response, 200, { status: 'healthy', message: 'The local Service Bus is healthy.' });
      return;
    case 'GET /journal': {
      const from = Number(searchParams.get('from') ?? 1);
      if (!Number.isInteger(from) || from < 1) throw new TypeError('from must be an arrival number');
      const lines = Readable.from(journal.entries(from)).map((entry) => `${JSON.stringify(entry)}\n`);
      response.writeHead(200, { 'content-type': 'application/x-ndjson' });
      // Piped: a journal of millions does not fit the response's buffer.
      await pipeline(lines, response);
      return;
    }
    case 'GET /faults':
      send(response, 200, faults.list());
      return;
    case 'POST /faults':
      send(response, 201, faults.inject(readFault(await readJson(request))));
      return;
    case 'DELETE /faults':
      if (id === undefined) faults.heal();
      else
        faults
          .list()
          .find((fault) => fault.id === Number(id))
          ?.heal();
      send(response, 200, faults.list());
      return;
    default:
      send(response, 404, { error: `There is no ${request.method} ${pathname}` });
  }
}

function send(response: ServerResponse, status: number, body: unknown): void {
  if (response.headersSent) response.destroy();
  else response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return JSON.parse(Buffer.concat(chunks).toString('utf8'));
}

function listeningPort(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The control server has no port');
  return address.port;
}

async function close(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
}
