import { once } from 'node:events';
import { createServer } from 'node:net';

const FIRST = 10_000;
/** From here on systems take ports for outgoing connections. */
const END = 32_000;

/**
 * A TCP port on which nothing listens: the preferred one if that can be had, else any that no outgoing connection is given, so
 * that it is still free a while later, and while who listens on it is down.
 */
export async function freePort(preferred = 0): Promise<number> {
  const port = preferred || FIRST + Math.floor(Math.random() * (END - FIRST));
  const server = createServer();
  try {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
  } catch (error) {
    if (!preferred && (error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    return freePort();
  }
  server.close();
  await once(server, 'close');
  return port;
}
