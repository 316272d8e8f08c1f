import { Server, type Socket } from 'node:net';
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';

/** After this long, a request that is still not finished is cut off. */
const CLOSE_WITHIN_MS = 15_000;
/** For what is on its way on open connections: who sends a request within it is answered, and told to connect anew. */
const LAST_REQUESTS_MS = 500;
/** How long to look for a moment in which no connection comes. */
const QUIET_WITHIN_MS = 1_000;

/**
 * Lets `app.close()` answer every request that has arrived, also on a new connection, and wait for nothing else. Returns whether
 * it is closing: then the app is not ready, before it stops to listen.
 */
export function closeGently(app: FastifyInstance): () => boolean {
  let closing = false;
  let accepted = 0;
  const sockets = new Set<Socket>();
  app.server.on('connection', (socket: Socket) => {
    accepted++;
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  app.addHook('preClose', async () => {
    closing = true;
    if (!app.server.listening) return;
    keepNewcomersOut(app.server);
    await quietTurn(() => accepted, QUIET_WITHIN_MS);
    // The listener alone: Node's HTTP server would end the idle connections with it, on which a request may be on its way.
    Server.prototype.close.call(app.server);
    await Promise.race([allClosed(sockets), sleep(LAST_REQUESTS_MS)]);
    await turn();
    // Fastify closes those that are idle after a request, in this very turn, not those that never made one.
    for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy();
    setTimeout(() => app.server.closeAllConnections(), CLOSE_WITHIN_MS).unref();
  });
  // The connections that are busy now would be kept alive afterwards.
  app.addHook('onSend', (_request, reply, payload, done) => {
    if (closing) reply.header('connection', 'close');
    done(null, payload);
  });
  return () => closing;
}

/**
 * Makes the queue of connections that nobody has accepted yet as short as can be: one. Who finds it full is not connected, has sent
 * nothing, and is refused once the listener is closed; closing resets those that are in it. Node has no public way to it.
 * https://man7.org/linux/man-pages/man2/listen.2.html
 */
function keepNewcomersOut(server: Server): void {
  (server as unknown as { _handle?: { listen?: (backlog: number) => number } })._handle?.listen?.(0);
}

/** Ends after a turn of the event loop that brought no connection: the system would reset those that it has and nobody accepted. */
async function quietTurn(accepted: () => number, withinMs: number): Promise<void> {
  const deadline = performance.now() + withinMs;
  await turn();
  for (let before = -1; before !== accepted() && performance.now() < deadline; ) {
    before = accepted();
    await turn();
  }
}

async function allClosed(sockets: ReadonlySet<Socket>): Promise<void> {
  for (const socket of sockets)
    if (!socket.destroyed) await new Promise((resolve) => socket.once('close', resolve));
}
