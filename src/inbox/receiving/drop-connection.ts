/** What the SDK's client is made of, as far as it is used here: a connection of rhea-promise, one of rhea, a socket. */
interface ClientInternals {
  readonly _connectionContext?: { readonly connection?: { readonly _connection?: ConnectionInternals } };
}
export interface ConnectionInternals {
  readonly socket?: { destroy(): void };
  socket_ready?: boolean;
  eof?(): void;
}

/**
 * Ends what waits on this connection, which the SDK has no public way for. An abort signal does not reach a wait for a session, and a
 * client that is closed leaves it to its time limit: `createReceiver` of rhea-promise 3.0.3 listens for a lost connection, not for a
 * closed one. On a connection that is half open nothing would end for eight minutes.
 */
export function dropConnection(connection: ConnectionInternals | undefined): void {
  if (!connection) return;
  connection.socket?.destroy();
  // rhea 3.0.5 does not notice a socket that was destroyed on its own side, and would write to it.
  connection.eof?.();
  connection.socket_ready = false;
}

/** The connection that the client has now. It makes another one by itself when it is lost. */
export function connectionOf(client: object): ConnectionInternals | undefined {
  return (client as ClientInternals)._connectionContext?.connection?._connection;
}
