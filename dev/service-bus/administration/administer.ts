import type { Namespace } from '../namespace.ts';
import { checkSasToken } from '../sas-token.ts';
import { type Entry, entryXml, errorXml, feedXml } from './atom-xml.ts';
import { pathOf, queueDescription, subscriptionDescription, topicDescription } from './descriptions.ts';

export interface AdministrativeRequest {
  readonly method: string | undefined;
  readonly url: URL;
  readonly authorization: string | undefined;
}

export interface AdministrativeAnswer {
  readonly status: number;
  readonly body: string;
}

const PAGE = 100;

export function isAdministrative({ searchParams }: URL): boolean {
  return searchParams.has('api-version');
}

/**
 * The part of the administration API that reads: one entity, one subscription, and lists of them. It takes the right to manage.
 * https://learn.microsoft.com/rest/api/servicebus/entities
 */
export function administer(
  namespace: Namespace,
  { method, url, authorization }: AdministrativeRequest,
  now: number,
): AdministrativeAnswer {
  const refused = refusal(namespace, url, authorization, now);
  if (refused !== undefined) return failed(401, refused);
  if (method !== 'GET')
    return failed(405, 'Entities are what the configuration says at the start; they can only be read.');
  const [path = '', below] = decodeURIComponent(url.pathname)
    .slice(1)
    .split(/\/subscriptions(?:\/|$)/i);
  if (/^\$resources\/(queues|topics)$/i.test(path)) return listed(url, path, entries(namespace, url, path));
  const entry = findEntity(namespace, url, path);
  if (!entry)
    return below === undefined
      ? notListed(url)
      : failed(404, `The messaging entity '${url.host}/${path}' could not be found.`);
  if (below === undefined) return { status: 200, body: entryXml(entry) };
  const subscriptions = subscriptionsOf(namespace, url, path);
  if (below === '') return listed(url, 'Subscriptions', subscriptions);
  const found = subscriptions.find(({ title }) => title.toLowerCase() === below.toLowerCase());
  return found
    ? { status: 200, body: entryXml(found) }
    : failed(404, `The subscription '${below}' could not be found.`);
}

/** Why the request is not allowed. */
function refusal(namespace: Namespace, url: URL, authorization = '', now: number): string | undefined {
  const withoutQuery = (path: string) => path.replace(/\?.*$/s, '');
  const checked = checkSasToken(
    authorization,
    url.href,
    (path) => namespace.policiesOf(withoutQuery(path)),
    now,
  );
  if (!checked.ok) return checked.reason;
  return checked.rights.includes('Manage')
    ? undefined
    : 'Manage,EntityRead claims required for this operation.';
}

function entries(namespace: Namespace, url: URL, path: string): Entry[] {
  const { queues, topics } = namespace.config;
  const names = (/queues$/i.test(path) ? queues : topics).map(({ name }) => name);
  return names.flatMap((name) => findEntity(namespace, url, name) ?? []);
}

function findEntity(namespace: Namespace, url: URL, path: string): Entry | undefined {
  const isNamed = ({ name }: { name: string }) => name.toLowerCase() === path.toLowerCase();
  const queue = namespace.config.queues.find(isNamed);
  if (queue) {
    const description = queueDescription(namespace, queue);
    return { ...named(url, queue.name, queue.name), kind: 'QueueDescription', description };
  }
  const topic = namespace.config.topics.find(isNamed);
  if (!topic) return undefined;
  const description = topicDescription(namespace, topic);
  return { ...named(url, topic.name, topic.name), kind: 'TopicDescription', description };
}

function subscriptionsOf(namespace: Namespace, url: URL, path: string): Entry[] {
  const topic = namespace.config.topics.find(({ name }) => name.toLowerCase() === path.toLowerCase());
  if (!topic) return [];
  return topic.subscriptions.map((subscription) => ({
    ...named(url, pathOf(topic, subscription.name), subscription.name),
    kind: 'SubscriptionDescription',
    description: subscriptionDescription(namespace, topic, subscription),
  }));
}

function named(url: URL, path: string, title: string) {
  return { id: `${url.origin}/${path}`, title };
}

function listed(url: URL, title: string, all: readonly Entry[]): AdministrativeAnswer {
  const skip = Number(url.searchParams.get('$skip') ?? 0);
  const top = Math.min(Number(url.searchParams.get('$top') ?? PAGE), PAGE);
  const next = new URL(url);
  next.searchParams.set('$skip', String(skip + top));
  const goesOn = skip + top < all.length;
  return {
    status: 200,
    body: feedXml(url.href, title, all.slice(skip, skip + top), goesOn ? next.href : undefined),
  };
}

/** The service lists what is public, which is nothing. */
function notListed(url: URL): AdministrativeAnswer {
  return { status: 200, body: feedXml(url.href, 'Publicly Listed Services', []) };
}

function failed(status: number, detail: string): AdministrativeAnswer {
  return { status, body: errorXml(status, detail) };
}
