import type pg from 'pg';
import { AppError } from '../../src/core/errors.ts';
import { OutboxDecoder, type WalEvent } from './outbox-decoder.ts';
import type { WalSender } from './slot-lease.ts';

/** What @types/pg leaves out of a connection. */
interface Connection {
  /** The socket as it is now: TLS has been laid over the first one. */
  readonly stream: { pause(): void; resume(): void; destroy(): void };
  endCopyFrom(): void;
}

/**
 * pgoutput for pg-logical-replication, through a decoder that takes only what the relay needs.
 * Hands errors on as values: thrown inside a socket's callback, they would end the process.
 */
export class OutboxPlugin {
  readonly options: { readonly publication: string };
  readonly #decoder = new OutboxDecoder();
  #connection: Connection | undefined;
  #sender: WalSender | undefined;

  constructor(publication: string) {
    this.options = { publication };
  }

  get name(): string {
    return 'pgoutput';
  }

  /** Who streams, once it does. */
  get sender(): WalSender | undefined {
    return this.#sender;
  }

  async start(client: pg.Client, slotName: string, lastLsn: string): Promise<unknown> {
    this.#connection = client.connection as unknown as Connection;
    const { rows } = await client.query<WalSender>(
      `SELECT pg_backend_pid() AS pid, setting::int AS "timeoutMs" FROM pg_settings WHERE name = 'wal_sender_timeout'`,
    );
    this.#sender = rows[0];
    const publication = client.escapeLiteral(client.escapeIdentifier(this.options.publication));
    return client.query(
      `START_REPLICATION SLOT ${client.escapeIdentifier(slotName)} LOGICAL ${lastLsn}
       (proto_version '1', publication_names ${publication}, messages 'true')`,
    );
  }

  parse(buffer: Buffer): WalEvent | AppError {
    try {
      return this.#decoder.decode(buffer);
    } catch (error) {
      return error instanceof AppError
        ? error
        : new AppError('WAL_MALFORMED', 'A pgoutput message is cut short', { cause: error });
    }
  }

  /** Stops reading: the back-pressure that PostgreSQL feels. A chunk that has been read already is still handed on. */
  pause(): void {
    this.#connection?.stream.pause();
  }

  resume(): void {
    this.#connection?.stream.resume();
  }

  /** Asks the server to end the stream; it lets go of the slot before it says that it has. */
  finish(): void {
    this.#connection?.endCopyFrom();
  }

  /** Cuts the connection: a half-open one would never answer a polite end. */
  cut(): void {
    this.#connection?.stream.destroy();
  }
}
