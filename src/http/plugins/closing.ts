import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';

/** After this long, a request that is still not finished is cut off. */
const CLOSE_WITHIN_MS = 15_000;

/**
 * Lets `app.close()` finish the requests it has, and wait for nothing else. Returns whether it is closing: then the app is
 * not ready, before it stops to listen.
 */
export function closeGently(app: FastifyInstance): () => boolean {
  let closing = false;
  const sockets = new Set<Socket>();
  app.server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  app.addHook('preClose', async () => {
    closing = true;
    // Node closes the connections that are idle after a request, not those that never made one.
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
