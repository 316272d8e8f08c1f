import type { Journal } from './journal.ts';
import { MessageQueue } from './message-queue.ts';
import type { NamespaceConfig, ReceiveLimits } from './namespace-config.ts';
import { QueueEntity } from './queue-entity.ts';
import { SendTarget } from './send-target.ts';

const deadLetterSuffix = '/$DeadLetterQueue';

/** The entities of a namespace, found by the address that clients attach to. Case does not matter in addresses. */
export class Namespace {
  readonly name: string;
  readonly #targets = new Map<string, SendTarget>();
  readonly #sources = new Map<string, QueueEntity>();
  readonly #now: () => number;

  constructor(config: NamespaceConfig, journal: Journal, now: () => number) {
    this.name = config.name;
    this.#now = now;
    for (const queue of config.queues) {
      const output = { queue: this.#addSource(queue.name, queue), filters: [] };
      this.#targets.set(queue.name.toLowerCase(), new SendTarget(queue, 'queue', [output], journal));
    }
    for (const topic of config.topics) {
      const outputs = topic.subscriptions.map((subscription) => ({
        queue: this.#addSource(`${topic.name}/Subscriptions/${subscription.name}`, {
          ...subscription,
          defaultTimeToLiveMs: Math.min(topic.defaultTimeToLiveMs, subscription.defaultTimeToLiveMs),
        }),
        filters: subscription.filters,
      }));
      this.#targets.set(topic.name.toLowerCase(), new SendTarget(topic, 'topic', outputs, journal));
    }
  }

  /** The queue or topic that messages are sent to at this address. */
  target(address: string): SendTarget | undefined {
    return this.#targets.get(address.toLowerCase());
  }

  /** The queue, subscription or dead-letter queue that messages are received from at this address. */
  source(address: string): QueueEntity | undefined {
    return this.#sources.get(address.toLowerCase());
  }

  /** Stops the timers of all entities. */
  close(): void {
    for (const source of this.#sources.values()) source.pump.close();
  }

  #addSource(path: string, limits: ReceiveLimits): MessageQueue {
    const deadLetterLimits = {
      ...limits,
      requiresSession: false,
      defaultTimeToLiveMs: Number.POSITIVE_INFINITY,
      maxDeliveryCount: Number.POSITIVE_INFINITY,
    };
    const deadLetters = new MessageQueue(`${path}${deadLetterSuffix}`, deadLetterLimits);
    const queue = new MessageQueue(path, limits, deadLetters);
    for (const each of [queue, deadLetters]) {
      this.#sources.set(each.path.toLowerCase(), new QueueEntity(each, limits.lockDurationMs, this.#now));
    }
    return queue;
  }
}
