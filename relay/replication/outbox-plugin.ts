import type pg from 'pg';
import { AppError } from '../../src/core/errors.ts';
import { OutboxDecoder, type WalEvent } from './outbox-decoder.ts';

interface SocketLike {
  pause(): void;
  resume(): void;
  destroy(): void;
}

/**
 * pgoutput for pg-logical-replication, through a decoder that takes only what the relay needs.
 * Hands errors on as values: thrown inside a socket's callback, they would end the process.
 */
export class OutboxPlugin {
  readonly options: { readonly publication: string };
  readonly #decoder = new OutboxDecoder();
  #socket: SocketLike | undefined;

  constructor(publication: string) {
    this.options = { publication };
  }

  get name(): string {
    return 'pgoutput';
  }

  start(client: pg.Client, slotName: string, lastLsn: string): Promise<unknown> {
    // The connection's socket as it is now: TLS has been laid over the first one. @types/pg leaves `stream` out.
    this.#socket = (client.connection as unknown as { stream: SocketLike }).stream;
    const publication = client.escapeLiteral(client.escapeIdentifier(this.options.publication));
    return client.query(
      `START_REPLICATION SLOT ${client.escapeIdentifier(slotName)} LOGICAL ${lastLsn}
       (proto_version '1', publication_names ${publication})`,
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
    this.#socket?.pause();
  }

  resume(): void {
    this.#socket?.resume();
  }

  /** Cuts the connection: a half-open one would never answer a polite end. */
  cut(): void {
    this.#socket?.destroy();
  }
}
