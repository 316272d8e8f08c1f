import { connect, createServer, type Socket } from 'node:net';
import type { TestContext } from 'node:test';

export interface TcpProxy {
  readonly port: number;
  /** Sees what the client sends before it is passed on, and may do to the connection what networks do. */
  onClientData: (data: Buffer, link: Link) => void;
  /** Sees what the server sends before it is passed on, and may alter its bytes where they are. */
  onServerData: (data: Buffer) => void;
  /** From now on the open connections are half open: neither side hears anything of the other, not even its end. */
  silence(): void;
}

export interface Link {
  readonly client: Socket;
  readonly server: Socket;
  /** From now on nothing of what the server says reaches the client. */
  muteServer(): void;
  /** As `TcpProxy.silence`, for this connection alone. */
  silence(): void;
}

/** A network between a client and a server on this machine, with faults on demand. */
export async function openTcpProxy(
  t: TestContext,
  targetPort: number,
  at: { readonly host: string; readonly port: number } = { host: '127.0.0.1', port: 0 },
): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  const silent = new WeakSet<Socket>();
  const server = createServer((client) => {
    const upstream = connect(targetPort, '127.0.0.1');
    let muted = false;
    const link: Link = {
      client,
      server: upstream,
      muteServer: () => (muted = true),
      silence: () => silent.add(client).add(upstream),
    };
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => undefined); // cutting connections is what this is for
      socket.on('close', () => {
        sockets.delete(socket);
        if (silent.has(socket)) return;
        client.destroy();
        upstream.destroy();
      });
    }
    client.on('data', (data) => {
      if (silent.has(client)) return;
      proxy.onClientData(data, link);
      if (!upstream.destroyed && !silent.has(client)) upstream.write(data);
    });
    upstream.on('data', (data) => {
      if (muted || silent.has(upstream)) return;
      proxy.onServerData(data);
      client.write(data);
    });
  });
  await new Promise<void>((done) => server.listen(at.port, at.host, done));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const { port } = server.address() as { port: number };
  const proxy: TcpProxy = {
    port,
    onClientData: () => undefined,
    onServerData: () => undefined,
    silence() {
      for (const socket of sockets) silent.add(socket);
    },
  };
  return proxy;
}
