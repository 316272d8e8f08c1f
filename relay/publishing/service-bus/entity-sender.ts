import {
  type ServiceBusClient,
  type ServiceBusClientOptions,
  ServiceBusError,
  type ServiceBusSender,
} from '@azure/service-bus';
import type { Logger } from '../../../src/core/log.ts';
import { createServiceBusClient } from '../../../src/core/service-bus/service-bus-connection.ts';
import { PublishError } from '../publish-error.ts';
import type { Destination } from './destination.ts';
import { EncodedBatch } from './encoded-batch.ts';
import type { EncodedMessage } from './encoded-message.ts';
import { onLinkLost } from './link-loss.ts';
import { PREMIUM_BATCH_BYTES, SPARE_ENVELOPE_BYTES } from './service-bus-limits.ts';
import type { OutgoingMessage } from './service-bus-message.ts';
import { toPublishError, unreachable } from './to-publish-error.ts';

const SEND_TIMEOUT_MS = 10_000;
const CLIENT_OPTIONS: ServiceBusClientOptions = {
  retryOptions: { maxRetries: 0, timeoutInMs: SEND_TIMEOUT_MS },
  identifier: 'outbox-relay',
};
/** After one failed renewal of its token the SDK never renews again: https://github.com/Azure/azure-sdk-for-js/issues/38467 */
const MAX_CONNECTION_AGE_MS = 30 * 60_000;

interface Connection {
  readonly client: ServiceBusClient;
  readonly sender: ServiceBusSender;
  readonly maxMessageBytes: number;
  readonly openedAt: number;
  /** Of each send in flight, what rejects it. */
  readonly sends: Set<(reason: Error) => void>;
  retired: boolean;
}

/**
 * Sends batches to one topic or queue, over a connection of its own: what happens to another one's does not touch it. Through the SDK
 * with its own retries off: with them one busy answer costs 30 s, and a send that is never
 * answered 330 s. A connection that leaves an outcome unknown is replaced as a whole, since one lost answer on a live link
 * jams its sender 2,047 sends later, and a half-open connection would take the next link down with it. So is one that has lost
 * its link; what was in flight on it is rejected at once.
 */
export class EntitySender {
  readonly #destination: Destination;
  readonly #log: Logger;
  #connection: Promise<Connection> | undefined;
  #maxBatchBytes: number | undefined;

  constructor(destination: Destination, log: Logger) {
    this.#destination = destination;
    this.#log = log;
  }

  /** Undefined until a link has told. */
  get maxBatchBytes(): number | undefined {
    return this.#maxBatchBytes;
  }

  async connect(anew = false): Promise<void> {
    if (anew && this.#connection) this.#retire(await this.#connection);
    await this.#usableConnection();
  }

  async send(batch: readonly EncodedMessage[]): Promise<void> {
    try {
      const connection = await this.#usableConnection();
      const large = batch[0]?.large;
      if (large && large.bytes > connection.maxMessageBytes)
        throw tooLarge(large.bytes, connection.maxMessageBytes);
      // Any other message goes as a batch, also a single one.
      await this.#sendOver(connection, large?.message ?? new EncodedBatch(batch));
    } catch (error) {
      throw toPublishError(error);
    }
  }

  async close(): Promise<void> {
    const connection = await this.#connection?.catch(() => undefined);
    this.#connection = undefined;
    await connection?.client.close();
  }

  async #sendOver(connection: Connection, encoded: OutgoingMessage | EncodedBatch): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    connection.sends.add(reject);
    try {
      connection.sender.sendMessages(encoded).then(resolve, reject);
      await promise;
    } catch (error) {
      const failure = toPublishError(error, !connection.retired);
      if (failure.outcomeUnknown || failure.kind === 'operator') this.#retire(connection);
      throw failure;
    } finally {
      connection.sends.delete(reject);
      this.#closeIfUnused(connection);
    }
  }

  async #usableConnection(): Promise<Connection> {
    const current = await this.#connection;
    const maxAgeMs = this.#destination.maxConnectionAgeMs ?? MAX_CONNECTION_AGE_MS;
    if (current && performance.now() - current.openedAt > maxAgeMs) this.#retire(current);
    if (!this.#connection) {
      const opening = this.#open();
      this.#connection = opening;
      opening.catch(() => {
        if (this.#connection === opening) this.#connection = undefined;
      });
    }
    return this.#connection;
  }

  async #open(): Promise<Connection> {
    let client: ServiceBusClient | undefined;
    // The SDK's own limit for this is a minute, in which a network may be well again for long.
    const abortSignal = AbortSignal.timeout(SEND_TIMEOUT_MS);
    try {
      client = await createServiceBusClient(this.#destination, CLIENT_OPTIONS);
      const sender = client.createSender(this.#destination.entity);
      // Opens the link, which tells how large a message may be.
      const { maxSizeInBytes } = await sender.createMessageBatch({ abortSignal });
      this.#maxBatchBytes = Math.min(maxSizeInBytes, PREMIUM_BATCH_BYTES) - SPARE_ENVELOPE_BYTES;
      this.#log.info({ entity: this.#destination.entity, maxSizeInBytes }, 'Connected to Service Bus');
      const connection = {
        client,
        sender,
        maxMessageBytes: maxSizeInBytes,
        openedAt: performance.now(),
        sends: new Set<(reason: Error) => void>(),
        retired: false,
      };
      if (!onLinkLost(sender, () => this.#onLost(connection))) {
        this.#log.warn(
          'This version of the SDK does not tell of a lost link; sends in flight wait for their time limit',
        );
      }
      return connection;
    } catch (error) {
      if (client) this.#closeInBackground(client);
      throw unreachable(this.#destination.entity, abortSignal.aborted ? timedOut() : error);
    }
  }

  #onLost(connection: Connection): void {
    if (!connection.retired) {
      const inFlight = connection.sends.size;
      this.#log.info({ inFlight }, 'Lost the connection to Service Bus; the next send opens another');
    }
    this.#retire(connection);
    // Without abort signals, which cost a single message 4 us: the client is closed next, and a closed sender sends nothing.
    // A moment later: rhea tells of a loss before the answers that came with it.
    setImmediate(() => {
      for (const reject of connection.sends) reject(connectionLost());
    });
  }

  #retire(connection: Connection): void {
    if (connection.retired) return;
    connection.retired = true;
    this.#connection = undefined;
    this.#closeIfUnused(connection);
  }

  #closeIfUnused(connection: Connection): void {
    if (connection.retired && connection.sends.size === 0) this.#closeInBackground(connection.client);
  }

  /** Nobody waits for it: on a half-open connection a close takes until its timeout. */
  #closeInBackground(client: ServiceBusClient): void {
    client
      .close()
      .catch((err: unknown) => this.#log.debug({ err }, 'A replaced Service Bus connection did not close'));
  }
}

function timedOut(): ServiceBusError {
  return new ServiceBusError(`Service Bus has not answered for ${SEND_TIMEOUT_MS} ms`, 'ServiceTimeout');
}

function tooLarge(bytes: number, most: number): PublishError {
  return new PublishError(`The message is too large: it has ${bytes} bytes, and the entity takes ${most}`, {
    kind: 'poison',
    code: 'MessageSizeExceeded',
  });
}

function connectionLost(): ServiceBusError {
  return new ServiceBusError(
    'The connection to Service Bus was lost before it answered',
    'ServiceCommunicationProblem',
  );
}
