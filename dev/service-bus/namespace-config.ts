import { limits } from './limits.ts';
import type { SharedAccessPolicy } from './shared-access-policy.ts';
import { defaultRule, type Rule } from './subscription-rules.ts';

/** What every entity that messages are sent to has. Times in milliseconds, sizes in bytes. */
export interface SendLimits {
  readonly name: string;
  readonly defaultTimeToLiveMs: number;
  /** 0: no duplicate detection. */
  readonly duplicateWindowMs: number;
  readonly maxMessageSizeBytes: number;
  /** The Premium tier is said to take 15,885. */
  readonly maxBatchMessages: number;
  /** The quota: what all stored messages of the entity may have together, those that are dead-lettered included. */
  readonly maxSizeBytes: number;
  /** Partitioned entities refuse a batch with several partition keys. */
  readonly partitioned: boolean;
  readonly disabled: boolean;
  /** Beside the namespace's. */
  readonly policies: readonly SharedAccessPolicy[];
}

/** What every entity that messages are received from has. */
export interface ReceiveLimits {
  readonly name: string;
  readonly lockDurationMs: number;
  readonly maxDeliveryCount: number;
  readonly defaultTimeToLiveMs: number;
  readonly deadLetterOnExpiration: boolean;
  readonly requiresSession: boolean;
}

export interface QueueConfig extends SendLimits, ReceiveLimits {}

export interface SubscriptionConfig extends ReceiveLimits {
  /** A message is copied to the subscription when any of them takes it. */
  readonly rules: readonly Rule[];
}

export interface TopicConfig extends SendLimits {
  /** May be empty: such a topic stores nothing, but journals and counts. */
  readonly subscriptions: readonly SubscriptionConfig[];
}

export interface NamespaceConfig {
  readonly name: string;
  readonly policies: readonly SharedAccessPolicy[];
  readonly queues: readonly QueueConfig[];
  readonly topics: readonly TopicConfig[];
}

type Named<T extends { readonly name: string }> = Partial<Omit<T, 'name'>> & { readonly name: string };

export type QueueOptions = Named<QueueConfig>;
export type SubscriptionOptions = Named<SubscriptionConfig>;
export type TopicOptions = Named<Omit<TopicConfig, 'subscriptions'>> & {
  readonly subscriptions?: readonly SubscriptionOptions[];
};

/** A namespace as tests and benchmarks write it: only what differs from the defaults. */
export interface NamespaceOptions {
  readonly name?: string;
  readonly policies?: readonly SharedAccessPolicy[];
  readonly queues?: readonly QueueOptions[];
  readonly topics?: readonly TopicOptions[];
}

const sendDefaults = {
  defaultTimeToLiveMs: Number.POSITIVE_INFINITY,
  duplicateWindowMs: 0,
  maxMessageSizeBytes: limits.messageBytes.value,
  maxBatchMessages: limits.batchMessages.value,
  maxSizeBytes: limits.entityBytes.value,
  partitioned: false,
  disabled: false,
  policies: [],
} satisfies Omit<SendLimits, 'name'>;

const receiveDefaults = {
  lockDurationMs: 60_000,
  maxDeliveryCount: 10,
  defaultTimeToLiveMs: Number.POSITIVE_INFINITY,
  deadLetterOnExpiration: false,
  requiresSession: false,
} satisfies Omit<ReceiveLimits, 'name'>;

/** Fills in the Standard tier's defaults. */
export function namespaceConfig(options: NamespaceOptions): NamespaceConfig {
  return {
    name: options.name ?? 'sbemulatorns',
    policies: options.policies ?? [],
    queues: (options.queues ?? []).map((queue) => ({ ...receiveDefaults, ...sendDefaults, ...queue })),
    topics: (options.topics ?? []).map((topic) => ({
      ...sendDefaults,
      ...topic,
      subscriptions: (topic.subscriptions ?? []).map((subscription) => ({
        ...receiveDefaults,
        rules: [defaultRule],
        ...subscription,
      })),
    })),
  };
}
