import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { answerRequests, nowUs } from '../support/worker.ts';

// HTTP requests over keep-alive connections, as cheaply as Node can: it shares the machine with what it measures.

export interface LoadRequest {
  readonly port: number;
  readonly connections: number;
  /** Requests in all. */
  readonly count: number;
  /** Requests a second, whatever the answers take; as fast as the connections allow when it is absent. */
  readonly perSecond?: number;
  readonly method: 'GET' | 'POST';
  /** Taken in turns. */
  readonly paths: readonly string[];
  readonly body?: string;
  /** Values of Authorization, taken in turns. */
  readonly authorizations?: readonly string[];
  /** The status that every answer must have. */
  readonly status: number;
  /** Whether to return what was answered when. */
  readonly keepAnswers?: boolean;
}

export interface LoadReply {
  readonly seconds: number;
  /** From the moment a request was due until its answer was there. */
  readonly latencyMs: Float64Array;
  readonly answers: readonly { readonly body: string; readonly atUs: number }[];
  readonly cpuUs: number;
}

answerRequests(async (request: LoadRequest): Promise<LoadReply> => {
  const { port, connections, count, perSecond, keepAnswers = false } = request;
  const texts = requestTexts(request).map((each) => Buffer.from(each));
  const latencyMs = new Float64Array(count);
  const answers: { body: string; atUs: number }[] = [];
  const sockets = await Promise.all(Array.from({ length: connections }, () => open(port)));
  const clients = sockets.map((socket) => new Client(socket, request.status, keepAnswers));
  const cpuBefore = process.cpuUsage();
  const startedAt = nowUs();
  let next = 0;
  const dueAtUs = (n: number) => startedAt + (n * 1e6) / (perSecond ?? Number.POSITIVE_INFINITY);
  const lane = async (client: Client) => {
    while (next < count) {
      const n = next++;
      const dueAt = perSecond === undefined ? nowUs() : dueAtUs(n);
      const waitMs = (dueAt - nowUs()) / 1_000;
      if (waitMs >= 1) await sleep(waitMs);
      const body = await client.send(texts[n % texts.length] ?? Buffer.alloc(0));
      const atUs = nowUs();
      latencyMs[n] = (atUs - dueAt) / 1_000;
      if (keepAnswers) answers.push({ body, atUs });
    }
  };
  await Promise.all(clients.map(lane));
  const seconds = (nowUs() - startedAt) / 1e6;
  const { user, system } = process.cpuUsage(cpuBefore);
  for (const socket of sockets) socket.destroy();
  return { seconds, latencyMs, answers, cpuUs: user + system };
});

async function open(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  await once(socket, 'connect');
  return socket;
}

/** Every path, and every Authorization if there are any, at least once. */
function requestTexts(request: LoadRequest): string[] {
  const { paths, authorizations = [] } = request;
  return Array.from({ length: Math.max(paths.length, authorizations.length) }, (_, n) => {
    const authorization = authorizations[n % authorizations.length];
    return requestText(request, paths[n % paths.length] ?? '/', authorization);
  });
}

function requestText({ method, body, port }: LoadRequest, path: string, authorization?: string): string {
  const field = authorization === undefined ? '' : `Authorization: ${authorization}\r\n`;
  const head = `${method} ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n${field}`;
  if (body === undefined) return `${head}\r\n`;
  return `${head}Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}

/** One connection with one request at a time. */
class Client {
  readonly #socket: Socket;
  readonly #status: string;
  readonly #keep: boolean;
  #received = '';
  #waiting: { resolve: (body: string) => void; reject: (error: unknown) => void } | undefined;

  constructor(socket: Socket, status: number, keep: boolean) {
    this.#socket = socket;
    this.#status = `HTTP/1.1 ${status} `;
    this.#keep = keep;
    socket.setEncoding('latin1'); // a character a byte
    socket.on('data', (text: string) => this.#onData(text));
    socket.on('error', (error) => this.#waiting?.reject(error));
    socket.on('close', () => this.#waiting?.reject(new Error('The connection was closed')));
  }

  send(request: Buffer): Promise<string> {
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#socket.write(request);
    });
  }

  #onData(text: string): void {
    this.#received += text;
    const headEnd = this.#received.indexOf('\r\n\r\n');
    if (headEnd === -1) return;
    const lengthAt = this.#received.search(/content-length: /i);
    const length = Number.parseInt(this.#received.slice(lengthAt + 16, lengthAt + 26), 10);
    if (this.#received.length < headEnd + 4 + length) return;
    const answer = this.#received;
    this.#received = '';
    if (answer.startsWith(this.#status)) this.#waiting?.resolve(this.#keep ? answer.slice(headEnd + 4) : '');
    else this.#waiting?.reject(new Error(`Not the expected answer: ${answer}`));
  }
}
