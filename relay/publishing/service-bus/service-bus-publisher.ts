import type { Logger } from '../../../src/core/log.ts';
import type { OutboxMessage } from '../../outbox/outbox-message.ts';
import { Routing } from '../../outbox/routing.ts';
import { PublishError } from '../publish-error.ts';
import type { Publisher, PublisherLimits } from '../publisher.ts';
import type { Destination } from './destination.ts';
import { type EncodedMessage, MessageEncoder } from './encoded-message.ts';
import { entityNameFault } from './entity-name.ts';
import { EntitySender } from './entity-sender.ts';
import { LEAST_MESSAGE_BYTES, SPARE_ENVELOPE_BYTES } from './service-bus-limits.ts';
import { toServiceBusMessage } from './service-bus-message.ts';

/** rhea keeps the bytes of whatever was sent after a send that is not answered, also when it was accepted long ago. */
const MAX_BYTES_SINCE_OLDEST = 8 * 1024 * 1024;
const MAX_IN_FLIGHT = 6;
/** With sessions a batch is what came of one order at once, mostly one message. */
const MAX_IN_FLIGHT_WITH_SESSIONS = 256;

/** Sends each message to the topic or queue that its row or a route names, or to the usual one: each has a sender of its own. */
export class ServiceBusPublisher implements Publisher {
  readonly #destination: Destination;
  readonly #routing: Routing;
  readonly #log: Logger;
  readonly #encoder = new MessageEncoder();
  readonly #senders = new Map<string, EntitySender>();
  #limits: PublisherLimits;

  constructor(destination: Destination, log: Logger) {
    const { entity, routes, sessions } = destination;
    this.#destination = destination;
    this.#routing = new Routing(entity, routes);
    this.#log = log;
    this.#limits = {
      // Until a link has told the real one.
      maxBatchBytes: LEAST_MESSAGE_BYTES - SPARE_ENVELOPE_BYTES,
      maxInFlight: sessions ? MAX_IN_FLIGHT_WITH_SESSIONS : MAX_IN_FLIGHT,
      maxBytesSinceOldest: MAX_BYTES_SINCE_OLDEST,
      oneOrderPerBatch: sessions, // a session entity refuses a batch of several sessions
    };
  }

  get name(): string {
    return 'Service Bus';
  }

  get limits(): PublisherLimits {
    return this.#limits;
  }

  get destinations(): readonly string[] {
    return this.#routing.destinations;
  }

  prepare(message: OutboxMessage): EncodedMessage {
    const fault = message.destination === undefined ? undefined : entityNameFault(message.destination);
    if (fault) throw invalid(`Its destination cannot be: ${fault}`);
    try {
      const { sessions, cloudEvents } = this.#destination;
      return this.#encoder.encode(
        toServiceBusMessage(message, sessions, cloudEvents),
        this.#routing.destinationOf(message),
      );
    } catch (error) {
      if (error instanceof PublishError) throw error;
      // What is in the message is to blame: nothing else is asked for it.
      const why = error instanceof Error ? error.message : String(error);
      throw invalid(`It cannot be converted for Service Bus: ${why}`, error);
    }
  }

  async connect(entity: string, anew = false): Promise<void> {
    const sender = this.#senderOf(entity);
    await sender.connect(anew);
    if (sender.maxBatchBytes !== this.#limits.maxBatchBytes) this.#tellLimits();
  }

  async send(batch: readonly EncodedMessage[]): Promise<void> {
    const [first] = batch;
    if (first) await this.#senderOf(first.destination).send(batch);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#senders.values()].map((sender) => sender.close()));
  }

  #senderOf(entity: string): EntitySender {
    let sender = this.#senders.get(entity);
    if (!sender) {
      sender = new EntitySender({ ...this.#destination, entity }, this.#log);
      this.#senders.set(entity, sender);
    }
    return sender;
  }

  /** Those of one namespace take the same; if not, what each of them takes. */
  #tellLimits(): void {
    const told = [...this.#senders.values()].flatMap(({ maxBatchBytes }) => maxBatchBytes ?? []);
    this.#limits = { ...this.#limits, maxBatchBytes: Math.min(...told) };
  }
}

function invalid(what: string, cause?: unknown): PublishError {
  return new PublishError(what, { kind: 'poison', code: 'MESSAGE_INVALID', cause });
}
