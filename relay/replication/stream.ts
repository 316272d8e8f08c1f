import type pg from 'pg';
import { LogicalReplicationService } from 'pg-logical-replication';
import { AppError, errorCode } from '../../src/core/errors.ts';
import { formatLsn, type Lsn, maxLsn, parseLsn } from './lsn.ts';
import { OutboxDecoder, type WalEvent } from './outbox-decoder.ts';

export interface WalStream {
  /** Confirms to the server that everything before this position is settled. */
  confirm(lsn: Lsn): void;
  /** Confirms and waits until the server has taken note, two seconds at most. */
  confirmLast(lsn: Lsn): Promise<void>;
  pause(): void;
  resume(): void;
  /** Settles when the stream has ended, rejects with the reason if that was not `close`. */
  readonly ended: Promise<void>;
  close(): Promise<void>;
}

export interface StreamOptions {
  readonly url: string;
  readonly slot: string;
  readonly publication: string;
  readonly from: Lsn;
  /** Open, but nothing is handed on until `resume`. */
  readonly paused: boolean;
  readonly onEvent: (event: WalEvent) => void;
  readonly onKeepalive: (lsn: Lsn) => void;
  /** Asked whenever the server has to hear where this relay stands: what may be confirmed now. */
  readonly confirmable: () => Lsn;
  /** Told what has been confirmed. */
  readonly onConfirmed: (lsn: Lsn) => void;
}

/** The server ends a connection that is silent for so long; set by the relay on its own connection. */
const WAL_SENDER_TIMEOUT_MS = 9_000;
const STATUS_EVERY_MS = 1_000;

/**
 * Streams the slot from a position. Throws SLOT_BUSY while another relay has it, and what `pg` throws otherwise.
 *
 * pg-logical-replication is used for its connection and framing only, because as its README shows it, it loses events:
 * `acknowledge(lsn)` confirms lsn + 1 (so it is given lsn - 1 here), its timer and its `auto` mode confirm what was received
 * and not what was handled, and a second `subscribe` on one object resumes from the last received position.
 */
export async function openStream(options: StreamOptions): Promise<WalStream> {
  const service = new LogicalReplicationService(
    {
      connectionString: options.url,
      application_name: 'relay',
      connectionTimeoutMillis: 5_000,
      keepAlive: true,
      options: `-c wal_sender_timeout=${WAL_SENDER_TIMEOUT_MS}`,
    },
    { acknowledge: { auto: false, timeoutSeconds: 0 }, flowControl: { enabled: false } },
  );
  const plugin = new OutboxPlugin(options.publication);
  const ended = Promise.withResolvers<void>();
  ended.promise.catch(() => undefined); // whoever cares awaits it too; nobody may be left to
  const started = Promise.withResolvers<void>();
  let closing = false;
  let paused = options.paused;
  let heardAt = performance.now();
  let pong: (() => void) | undefined;

  const fail = (error: unknown) => {
    started.reject(error);
    ended.reject(error);
  };
  const confirm = (lsn: Lsn, ping = false) => {
    // Never back behind the start, where servers before 18 would follow. The library writes one more than it is given.
    const exact = maxLsn(lsn, options.from);
    options.onConfirmed(exact);
    service.acknowledge(formatLsn(exact - 1n), ping).catch(fail);
  };
  service.on('start', started.resolve);
  service.on('error', fail);
  service.on('data', (_lsn: string, event: WalEvent | Error) => {
    heardAt = performance.now();
    if (event instanceof Error) fail(event);
    else if (!closing) options.onEvent(event);
  });
  service.on('heartbeat', (lsn: string, _timestamp: number, shouldRespond: boolean) => {
    heardAt = performance.now();
    pong?.();
    if (closing) return;
    options.onKeepalive(parseLsn(lsn));
    // Only asked for at the server's shutdown, which waits for this position exactly.
    if (shouldRespond) confirm(options.confirmable());
  });

  // On a timer whatever the broker does, and with a ping: an answer shows that the link is not half open.
  const status = setInterval(() => {
    const silentMs = performance.now() - heardAt;
    if (!paused && silentMs > WAL_SENDER_TIMEOUT_MS) {
      fail(new AppError('STREAM_LOST', `PostgreSQL has been silent for ${Math.round(silentMs)} ms`));
    } else confirm(options.confirmable(), true);
  }, STATUS_EVERY_MS);

  const close = async () => {
    if (closing) return;
    closing = true;
    clearInterval(status);
    // A half-open connection would never answer a polite end.
    plugin.socket?.destroy();
    await service.destroy().catch(() => undefined);
    ended.resolve();
  };

  service
    .subscribe(plugin, options.slot, formatLsn(options.from))
    .then(() => fail(new AppError('STREAM_LOST', 'PostgreSQL has ended the stream')), fail);
  try {
    await started.promise;
  } catch (error) {
    await close();
    if (errorCode(error) === '55006') {
      throw new AppError('SLOT_BUSY', `Another relay has the slot ${options.slot}`, { cause: error });
    }
    throw error;
  }
  if (paused) plugin.socket?.pause();

  return {
    confirm,
    async confirmLast(lsn) {
      const answered = new Promise<void>((resolve) => {
        pong = resolve;
      });
      const timeout = AbortSignal.timeout(2_000);
      plugin.socket?.resume();
      confirm(lsn, true);
      await Promise.race([answered, new Promise((resolve) => timeout.addEventListener('abort', resolve))]);
    },
    pause() {
      if (paused) return;
      paused = true;
      plugin.socket?.pause();
    },
    resume() {
      if (!paused) return;
      paused = false;
      heardAt = performance.now();
      plugin.socket?.resume();
    },
    ended: ended.promise,
    close,
  };
}

/** pgoutput through a decoder of our own. It hands errors on as values: thrown here, they would end the process from a socket's callback. */
class OutboxPlugin {
  readonly options: { readonly publication: string };
  readonly #decoder = new OutboxDecoder();
  socket: SocketLike | undefined;

  constructor(publication: string) {
    this.options = { publication };
  }

  get name(): string {
    return 'pgoutput';
  }

  start(client: pg.Client, slotName: string, lastLsn: string): Promise<unknown> {
    // The socket under the library, also when TLS has been laid over the first one: pausing it is the back-pressure.
    this.socket = (client as unknown as { connection: { stream: SocketLike } }).connection.stream;
    const publication = client.escapeLiteral(client.escapeIdentifier(this.options.publication));
    return client.query(
      `START_REPLICATION SLOT ${client.escapeIdentifier(slotName)} LOGICAL ${lastLsn} (proto_version '1', publication_names ${publication})`,
    );
  }

  parse(buffer: Buffer): WalEvent | Error {
    try {
      return this.#decoder.decode(buffer);
    } catch (error) {
      return error instanceof AppError ? error : new AppError('WAL_MALFORMED', 'Cut short', { cause: error });
    }
  }
}

interface SocketLike {
  pause(): void;
  resume(): void;
  destroy(): void;
}
