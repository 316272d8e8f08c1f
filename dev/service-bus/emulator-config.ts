import { readFileSync } from 'node:fs';
import { type ParseError, parse, printParseErrorCode } from 'jsonc-parser';
import { ConfigReader, type Fields } from './config-reader.ts';
import { readPolicies } from './emulator-policy.ts';
import { readRule } from './emulator-rule.ts';
import type { NamespaceConfig, QueueConfig, SubscriptionConfig, TopicConfig } from './namespace-config.ts';
import { namespaceConfig } from './namespace-config.ts';

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;
const namePattern = /^[A-Za-z0-9]$|^[A-Za-z0-9][\w\-./]*[A-Za-z0-9]$/;

/**
 * Reads a configuration of Microsoft's emulator (JSON with comments). Throws one error that names every wrong field:
 * one that is unknown, has a value out of the service's limits, or asks for what this broker cannot do.
 */
export function readEmulatorConfig(file: string): NamespaceConfig {
  return parseEmulatorConfig(readFileSync(file, 'utf8'), file);
}

/** The same for the text of such a file; `source` is what errors call it. */
export function parseEmulatorConfig(text: string, source: string): NamespaceConfig {
  const syntax: ParseError[] = [];
  const root: unknown = parse(text, syntax, { allowTrailingComma: true });
  if (syntax.length > 0) {
    const where = syntax.map(({ error, offset }) => {
      const line = text.slice(0, offset).split('\n').length;
      return `line ${line}: ${printParseErrorCode(error)}`;
    });
    throw new Error(`${source} is not JSON with comments: ${where.join('; ')}`);
  }
  const reader = new ConfigReader();
  const userConfig = reader.object(root, '', (fields) =>
    reader.object(fields.take('UserConfig'), 'UserConfig', (inner) => {
      inner.take('Logging');
      return reader.list(inner.take('Namespaces'), inner.path('Namespaces'), readNamespace);
    }),
  );
  const namespaces = userConfig ?? [];
  if (namespaces.length !== 1) reader.wrong('UserConfig.Namespaces', 'needs exactly one namespace');
  if (reader.errors.length > 0) throw new Error(`${source}: ${reader.errors.join('; ')}`);
  return namespaceConfig(namespaces[0] ?? {});
}

function readNamespace(fields: Fields): NamespaceConfig {
  const { reader } = fields;
  const name = fields.text('Name', namePattern) ?? '';
  const queues = reader.list(fields.take('Queues') ?? [], fields.path('Queues'), readQueue) ?? [];
  const topics = reader.list(fields.take('Topics') ?? [], fields.path('Topics'), readTopic) ?? [];
  const paths = [...queues, ...topics].map((entity) => entity.name.toLowerCase());
  for (const path of paths.filter((each, index) => paths.indexOf(each) !== index)) {
    reader.wrong(fields.path('Name'), `has two entities called '${path}'`);
  }
  return { name, policies: readPolicies(fields), queues, topics };
}

function readQueue(fields: Fields): QueueConfig {
  const name = fields.text('Name', namePattern) ?? '';
  const properties = fields.innerOrEmpty('Properties', (inner) => ({
    ...sendProperties(inner),
    ...receiveProperties(inner),
  }));
  const [queue] = namespaceConfig({
    queues: [{ ...properties, name, policies: readPolicies(fields) }],
  }).queues;
  return queue as QueueConfig;
}

function readTopic(fields: Fields): TopicConfig {
  const name = fields.text('Name', namePattern) ?? '';
  const properties = fields.innerOrEmpty('Properties', sendProperties);
  const path = fields.path('Subscriptions');
  const subscriptions = fields.reader.list(fields.take('Subscriptions') ?? [], path, readSubscription) ?? [];
  const policies = readPolicies(fields);
  const [topic] = namespaceConfig({ topics: [{ ...properties, name, policies, subscriptions }] }).topics;
  return topic as TopicConfig;
}

function readSubscription(fields: Fields): SubscriptionConfig {
  const name = fields.text('Name', namePattern) ?? '';
  const properties = fields.innerOrEmpty('Properties', receiveProperties);
  const rules = fields.reader.list(fields.take('Rules') ?? [], fields.path('Rules'), readRule) ?? [];
  const [topic] = namespaceConfig({
    topics: [
      { name: 'any', subscriptions: [{ ...properties, name, ...(rules.length > 0 ? { rules } : {}) }] },
    ],
  }).topics;
  return topic?.subscriptions[0] as SubscriptionConfig;
}

// What is left out below has the value that the emulator's schema gives it.

function sendProperties(fields: Fields): Partial<TopicConfig> {
  const detects = fields.flag('RequiresDuplicateDetection') ?? false;
  const windowMs = fields.duration('DuplicateDetectionHistoryTimeWindow', 7 * dayMs) ?? 20_000;
  return {
    defaultTimeToLiveMs:
      fields.duration('DefaultMessageTimeToLive', Number.POSITIVE_INFINITY) ?? 60 * minuteMs,
    duplicateWindowMs: detects ? windowMs : 0,
  };
}

function receiveProperties(fields: Fields): Partial<SubscriptionConfig> {
  for (const property of ['ForwardTo', 'ForwardDeadLetteredMessagesTo']) {
    const value = fields.take(property);
    if (value !== undefined && value !== '')
      fields.wrong(property, 'is not supported: this broker does not forward');
  }
  return {
    defaultTimeToLiveMs:
      fields.duration('DefaultMessageTimeToLive', Number.POSITIVE_INFINITY) ?? 60 * minuteMs,
    deadLetterOnExpiration: fields.flag('DeadLetteringOnMessageExpiration') ?? false,
    lockDurationMs: fields.duration('LockDuration', 5 * minuteMs) ?? minuteMs,
    maxDeliveryCount: fields.integer('MaxDeliveryCount', 1, 2_000) ?? 3,
    requiresSession: fields.flag('RequiresSession') ?? false,
  };
}
