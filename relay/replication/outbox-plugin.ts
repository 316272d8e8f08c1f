import type { Socket } from 'node:net';
import type pg from 'pg';
import type { Lsn } from '../lsn.ts';
import { isRelayError, RelayError } from '../relay-error.ts';
import { CoalescedReader } from './coalesced-reader.ts';
import { OutboxDecoder, type WalEvent } from './outbox-decoder.ts';
import type { WalSender } from './slot-lease.ts';

/** What @types/pg leaves out of a connection. */
interface Connection {
  /** The socket as it is now: TLS has been laid over the first one. */
  readonly stream: Socket;
  endCopyFrom(): void;
  removeAllListeners(event: 'copyData'): void;
  on(event: 'copyData', listener: (message: { chunk: Buffer }) => void): void;
  on(event: 'errorMessage', listener: (error: Error) => void): void;
}

export interface WalReceiver {
  onEvent(event: WalEvent): void;
  onKeepalive(lsn: Lsn, shouldRespond: boolean): void;
  onError(error: Error): void;
}

const XLOG_DATA = 'w'.charCodeAt(0);
const KEEPALIVE = 'k'.charCodeAt(0);
/** Tag, two positions and the time. https://www.postgresql.org/docs/current/protocol-replication.html */
const XLOG_DATA_HEADER_BYTES = 25;

/**
 * pgoutput for pg-logical-replication, through a decoder that takes only what the relay needs.
 * Hands errors on as values: thrown inside a socket's callback, they would end the process.
 */
export class OutboxPlugin {
  readonly options: { readonly publication: string };
  readonly #prepare: (client: pg.ClientBase) => Promise<void>;
  readonly #receiver: WalReceiver;
  readonly #decoder: OutboxDecoder;
  #connection: Connection | undefined;
  #reader: CoalescedReader | undefined;
  #sender: WalSender | undefined;

  /** `prepare` is awaited before the stream is asked for. */
  constructor(
    publication: string,
    outboxOid: number,
    prepare: (client: pg.ClientBase) => Promise<void>,
    receiver: WalReceiver,
  ) {
    this.options = { publication };
    this.#decoder = new OutboxDecoder(outboxOid);
    this.#prepare = prepare;
    this.#receiver = receiver;
  }

  get name(): string {
    return 'pgoutput';
  }

  /** Who streams, once it does. */
  get sender(): WalSender | undefined {
    return this.#sender;
  }

  async start(client: pg.Client, slotName: string, lastLsn: string): Promise<unknown> {
    const connection = client.connection as unknown as Connection;
    this.#connection = connection;
    this.#reader = new CoalescedReader(connection.stream);
    // The library's listener prints two positions, emits and makes a promise for each message, which costs more than to decode
    // it, and passes over a message that it does not know.
    connection.removeAllListeners('copyData');
    connection.on('copyData', ({ chunk }) => this.#receive(chunk));
    // pg tells it a moment later, when the commit of the row that could not be read may have been handed on.
    connection.on('errorMessage', (error) => this.#receiver.onError(error));
    await this.#prepare(client);
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

  /** Throws WAL_MALFORMED or OUTBOX_UNREADABLE. */
  parse(buffer: Buffer, start = 0): WalEvent {
    try {
      return this.#decoder.decode(buffer, start);
    } catch (error) {
      if (isRelayError(error)) throw error;
      throw new RelayError('WAL_MALFORMED', 'A pgoutput message is cut short', { cause: error });
    }
  }

  /** Stops reading: the back-pressure that PostgreSQL feels. A chunk that has been read already is still handed on. */
  pause(): void {
    this.#reader?.pause();
  }

  resume(): void {
    this.#reader?.resume();
  }

  /** Asks the server to end the stream; it lets go of the slot before it says that it has. */
  finish(): void {
    this.#connection?.endCopyFrom();
  }

  /** Cuts the connection: a half-open one would never answer a polite end. */
  cut(): void {
    this.#connection?.stream.destroy();
  }

  #receive(chunk: Buffer): void {
    try {
      if (chunk[0] === XLOG_DATA) {
        this.#receiver.onEvent(this.parse(chunk, XLOG_DATA_HEADER_BYTES));
      } else if (chunk[0] === KEEPALIVE && chunk.length >= 18) {
        this.#receiver.onKeepalive(chunk.readBigUInt64BE(1), chunk[17] === 1);
      } else {
        const tag = chunk.toString('hex', 0, 1);
        throw new RelayError('WAL_MALFORMED', `Unknown message 0x${tag} in the replication stream`);
      }
    } catch (error) {
      if (!isRelayError(error)) throw error;
      this.#receiver.onError(error);
    }
  }
}
