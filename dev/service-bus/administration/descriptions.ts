import type { Namespace } from '../namespace.ts';
import type {
  QueueConfig,
  ReceiveLimits,
  SendLimits,
  SubscriptionConfig,
  TopicConfig,
} from '../namespace-config.ts';
import type { Description } from './atom-xml.ts';

const MB = 1024 * 1024;
/** What the service says for "never". */
const FOR_EVER = 'P10675199DT2H48M5.4775807S';
/** Of a broker that knows no such times. */
const SOME_TIME = '2026-01-01T00:00:00Z';

// The names and their order: https://learn.microsoft.com/rest/api/servicebus/queue-description and its neighbours.

export function queueDescription(namespace: Namespace, queue: QueueConfig): Description {
  const source = namespace.source(queue.name)?.queue;
  return {
    ...received(queue),
    ...sent(queue),
    ...counts(namespace, queue.name),
    SizeInBytes: source?.sizeBytes ?? 0,
    ...times,
  };
}

export function topicDescription(namespace: Namespace, topic: TopicConfig): Description {
  const sizes = topic.subscriptions.map(
    ({ name }) => namespace.source(pathOf(topic, name))?.queue.sizeBytes ?? 0,
  );
  return {
    ...sent(topic),
    SizeInBytes: sizes.reduce((sum, size) => sum + size, 0),
    SubscriptionCount: topic.subscriptions.length,
    CountDetails: { 'd2p1:ScheduledMessageCount': 0 },
    ...times,
  };
}

export function subscriptionDescription(
  namespace: Namespace,
  topic: TopicConfig,
  subscription: SubscriptionConfig,
): Description {
  return {
    ...received(subscription),
    DeadLetteringOnFilterEvaluationExceptions: true,
    EnableBatchedOperations: true,
    Status: 'Active',
    ...counts(namespace, pathOf(topic, subscription.name)),
    ...times,
    AutoDeleteOnIdle: FOR_EVER,
    EntityAvailabilityStatus: 'Available',
  };
}

export function pathOf(topic: TopicConfig, subscription: string): string {
  return `${topic.name}/Subscriptions/${subscription}`;
}

const times = { CreatedAt: SOME_TIME, UpdatedAt: SOME_TIME, AccessedAt: SOME_TIME };

function received(limits: ReceiveLimits): Description {
  return {
    LockDuration: duration(limits.lockDurationMs),
    RequiresSession: limits.requiresSession,
    DefaultMessageTimeToLive: duration(limits.defaultTimeToLiveMs),
    DeadLetteringOnMessageExpiration: limits.deadLetterOnExpiration,
    MaxDeliveryCount: Number.isFinite(limits.maxDeliveryCount) ? limits.maxDeliveryCount : 2_147_483_647,
  };
}

function sent(limits: SendLimits): Description {
  return {
    MaxSizeInMegabytes: Math.ceil(limits.maxSizeBytes / MB),
    RequiresDuplicateDetection: limits.duplicateWindowMs > 0,
    DefaultMessageTimeToLive: duration(limits.defaultTimeToLiveMs),
    DuplicateDetectionHistoryTimeWindow: duration(limits.duplicateWindowMs || 600_000),
    EnableBatchedOperations: true,
    Status: limits.disabled ? 'Disabled' : 'Active',
    SupportOrdering: !limits.partitioned,
    AutoDeleteOnIdle: FOR_EVER,
    EnablePartitioning: limits.partitioned,
    EntityAvailabilityStatus: 'Available',
    EnableExpress: false,
  };
}

function counts(namespace: Namespace, path: string): Description {
  const active = namespace.source(path)?.queue.count ?? 0;
  const deadLetters = namespace.source(`${path}/$DeadLetterQueue`)?.queue.count ?? 0;
  return {
    MessageCount: active + deadLetters,
    CountDetails: {
      'd2p1:ActiveMessageCount': active,
      'd2p1:DeadLetterMessageCount': deadLetters,
      'd2p1:ScheduledMessageCount': 0,
      'd2p1:TransferMessageCount': 0,
      'd2p1:TransferDeadLetterMessageCount': 0,
    },
  };
}

function duration(ms: number): string {
  return Number.isFinite(ms) ? `PT${ms / 1_000}S` : FOR_EVER;
}
