import type { Journal } from './journal.ts';
import { MessageQueue } from './message-queue.ts';
import type { NamespaceConfig, ReceiveLimits } from './namespace-config.ts';
import { QueueEntity } from './queue-entity.ts';
import { SendTarget } from './send-target.ts';
import type { SharedAccessPolicy } from './shared-access-policy.ts';
import { SubscriptionRules } from './subscription-rules.ts';

const deadLetterSuffix = '/$DeadLetterQueue';
const managementSuffix = /\/\$management$/i;

/** The entities of a namespace, found by the address that clients attach to. Case does not matter in addresses. */
export class Namespace {
  readonly name: string;
  /** What it was made of. */
  readonly config: NamespaceConfig;
  readonly #targets = new Map<string, SendTarget>();
  readonly #sources = new Map<string, QueueEntity>();
  readonly #rules = new Map<string, SubscriptionRules>();
  readonly #policies = new Map<string, readonly SharedAccessPolicy[]>();
  readonly #now: () => number;

  constructor(config: NamespaceConfig, journal: Journal, now: () => number) {
    this.name = config.name;
    this.config = config;
    this.#now = now;
    this.#policies.set('', config.policies);
    for (const queue of config.queues) {
      const key = queue.name.toLowerCase();
      const output = { queue: this.#addSource(queue.name, queue) };
      this.#targets.set(key, new SendTarget(queue, 'queue', [output], journal));
      this.#policies.set(key, queue.policies);
    }
    for (const topic of config.topics) {
      const key = topic.name.toLowerCase();
      const outputs = topic.subscriptions.map((subscription) => {
        const path = `${topic.name}/Subscriptions/${subscription.name}`;
        const rules = new SubscriptionRules(subscription.rules);
        this.#rules.set(path.toLowerCase(), rules);
        const defaultTimeToLiveMs = Math.min(topic.defaultTimeToLiveMs, subscription.defaultTimeToLiveMs);
        return { queue: this.#addSource(path, { ...subscription, defaultTimeToLiveMs }), rules };
      });
      this.#targets.set(key, new SendTarget(topic, 'topic', outputs, journal));
      this.#policies.set(key, topic.policies);
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

  /** The rules of the subscription at this address. */
  rules(address: string): SubscriptionRules | undefined {
    return this.#rules.get(address.toLowerCase());
  }

  /** Whether there is an entity at this path, or a node of one; the empty path is the namespace. */
  has(path: string): boolean {
    const entity = path.replace(managementSuffix, '');
    return entity === '' || this.target(entity) !== undefined || this.source(entity) !== undefined;
  }

  /** The policies whose keys may sign for what is at this path: those of the entity it belongs to, and the namespace's. */
  policiesOf(path: string): SharedAccessPolicy[] {
    const policies: SharedAccessPolicy[] = [];
    for (let scope = path.toLowerCase(); ; scope = scope.slice(0, Math.max(scope.lastIndexOf('/'), 0))) {
      policies.push(...(this.#policies.get(scope) ?? []));
      if (scope === '') return policies;
    }
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
