/** What the SDK's client is made of, as far as it is used here: a connection of rhea-promise, one of rhea, a socket. */
interface ClientInternals {
  readonly _connectionContext?: {
    readonly connection?: { readonly _connection?: { readonly socket?: { destroy(): void }; eof?(): void } };
  };
}

/**
 * Ends a wait for a session, which the SDK has no public way for: an abort signal does not reach it, and a client that is closed leaves
 * it to its time limit (`createReceiver` of rhea-promise 3.0.3 listens for a lost connection, not for a closed one).
 */
export function dropConnection(client: object): void {
  const connection = (client as ClientInternals)._connectionContext?.connection?._connection;
  connection?.socket?.destroy();
  // rhea does not notice a socket that was destroyed on its own side.
  connection?.eof?.();
}
