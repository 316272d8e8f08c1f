import type { ServiceBusClient } from '@azure/service-bus';
import type { Logger } from '../../core/log.ts';
import { type ConnectionInternals, connectionOf, dropConnection } from './drop-connection.ts';
import { within } from './within.ts';

/** A client in use. */
export interface Connection {
  readonly client: ServiceBusClient;
  /** It is not to be used for anything new. */
  readonly isRetired: boolean;
}

interface OpenConnection extends Connection {
  isRetired: boolean;
  users: number;
  /** Which the client may have replaced since. */
  readonly opened: ConnectionInternals | undefined;
}

const CLOSES_WITHIN_MS = 5_000;

/** One client for all that a consumer receives with. One that has failed is replaced, and closed when nobody uses it any more. */
export class Connections {
  readonly #open: () => Promise<ServiceBusClient>;
  readonly #log: Logger;
  readonly #all = new Set<OpenConnection>();
  #current: Promise<OpenConnection> | undefined;

  /** `open` resolves with a client that the broker has answered. */
  constructor(open: () => Promise<ServiceBusClient>, log: Logger) {
    this.#open = open;
    this.#log = log;
  }

  /** Whoever takes it calls `done` once. Rejects with what `open` rejects with, and opens anew the next time. */
  async take(): Promise<Connection> {
    this.#current ??= this.#connect();
    const connection = await this.#current;
    connection.users++;
    return connection;
  }

  /** Another user of the same. */
  share(connection: Connection): void {
    (connection as OpenConnection).users++;
  }

  done(connection: Connection): void {
    const open = connection as OpenConnection;
    open.users--;
    this.#closeIfUnused(open);
  }

  /** The next `take` opens another. */
  retire(connection: Connection): void {
    const open = connection as OpenConnection;
    if (open.isRetired) return;
    open.isRetired = true;
    this.#current = undefined;
    this.#closeIfUnused(open);
  }

  /** Closes all of them, also those in use. */
  async close(): Promise<void> {
    await this.#current?.catch(() => undefined); // whoever took it was told
    await Promise.all([...this.#all].map((connection) => this.#close(connection)));
  }

  async #connect(): Promise<OpenConnection> {
    try {
      const client = await this.#open();
      const connection = { client, isRetired: false, users: 0, opened: connectionOf(client) };
      this.#all.add(connection);
      return connection;
    } catch (error) {
      this.#current = undefined;
      throw error;
    }
  }

  #closeIfUnused(connection: OpenConnection): void {
    if (connection.isRetired && connection.users === 0) void this.#close(connection);
  }

  /** On a connection that is lost or half open the SDK's close may take for ever. */
  async #close(connection: OpenConnection): Promise<void> {
    if (!this.#all.delete(connection)) return;
    const dropAll = () => {
      for (const open of [connection.opened, connectionOf(connection.client)]) dropConnection(open);
    };
    if (connection.users > 0 || connection.isRetired) dropAll();
    const closing = connection.client
      .close()
      .catch((err: unknown) => this.#log.debug({ err }, 'A Service Bus connection did not close'));
    await within(CLOSES_WITHIN_MS, closing);
    dropAll(); // what the SDK wrote meanwhile has begun timers of eight minutes
  }
}
