import { connect, createServer, type Socket } from 'node:net';
import type { TestContext } from 'node:test';

export interface TcpProxy {
  readonly port: number;
  /** Sees what the client sends before it is passed on, and may do to the connection what networks do. */
  onClientData: (data: Buffer, link: Link) => void;
}

export interface Link {
  readonly client: Socket;
  readonly server: Socket;
  /** From now on nothing of what the server says reaches the client. */
  muteServer(): void;
}

/** A network between a client and a server on this machine, with faults on demand. */
export async function openTcpProxy(t: TestContext, targetPort: number): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(targetPort, '127.0.0.1');
    let muted = false;
    const link: Link = { client, server: upstream, muteServer: () => (muted = true) };
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => undefined); // cutting connections is what this is for
      socket.on('close', () => {
        client.destroy();
        upstream.destroy();
      });
    }
    client.on('data', (data) => {
      proxy.onClientData(data, link);
      if (!upstream.destroyed) upstream.write(data);
    });
    upstream.on('data', (data) => {
      if (!muted) client.write(data);
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const { port } = server.address() as { port: number };
  const proxy: TcpProxy = { port, onClientData: () => undefined };
  return proxy;
}
