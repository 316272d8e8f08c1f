import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';

/** What became of clients that ask all the time. */
export interface Asked {
  readonly answered: number;
  /** Of requests that were sent: how they ended without an answer. */
  readonly unanswered: readonly string[];
}

interface Load {
  readonly port: number;
  readonly count: number;
}

/**
 * Clients that ask for `/health/live` until they are refused a connection, every other one over a connection that it keeps until it
 * is told to close it. They have a thread of their own: on the server's, no connection would ever come while that one works.
 */
export async function startBusyClients(load: Load): Promise<{ ended: Promise<Asked> }> {
  const worker = new Worker(new URL(import.meta.url), { workerData: load });
  await once(worker, 'message'); // they are busy
  const ended = once(worker, 'message').then(([asked]) => asked as Asked);
  return { ended };
}

if (!isMainThread) {
  const { port, count } = workerData as Load;
  let answered = 0;
  const unanswered: string[] = [];
  await Promise.all(Array.from({ length: count }, (_, n) => ask(port, n % 2 === 0 ? 'keep-alive' : 'close')));
  parentPort?.postMessage({ answered, unanswered } satisfies Asked);

  async function ask(port: number, connection: 'keep-alive' | 'close'): Promise<void> {
    for (let socket = await open(port); socket; socket = await open(port)) {
      for (let isOpen = true; isOpen; ) {
        socket.write(`GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: ${connection}\r\n\r\n`);
        const answer = await next(socket);
        if (!answer.startsWith('HTTP/1.1 200')) {
          unanswered.push(`${connection}: ${answer}`);
          break;
        }
        if (++answered === 20 * count) parentPort?.postMessage('busy');
        isOpen = !/connection: close/i.test(answer);
      }
      socket.destroy();
    }
  }
}

/** Undefined if there is nobody any more. */
async function open(port: number): Promise<Socket | undefined> {
  const socket = connect(port, '127.0.0.1');
  const connected = await once(socket, 'connect').catch(() => undefined);
  return connected && socket;
}

/** What comes next, or how the connection ends instead. */
function next(socket: Socket): Promise<string> {
  const settled = new AbortController();
  const { signal } = settled;
  const answer = once(socket, 'data', { signal }).then(([data]) => String(data));
  const closed = once(socket, 'end', { signal }).then(() => 'closed');
  for (const lost of [answer, closed]) lost.catch(() => undefined); // the one that comes first counts
  return Promise.race([answer, closed])
    .catch((error: NodeJS.ErrnoException) => error.code ?? error.message)
    .finally(() => settled.abort());
}
