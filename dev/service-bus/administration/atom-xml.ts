/** An element of a description: its value, or elements of its own. */
export interface Description {
  readonly [name: string]: string | number | boolean | Description;
}

/** An entity as the administration API describes it. */
export interface Entry {
  /** Its address, which clients take its name from. */
  readonly id: string;
  readonly title: string;
  readonly kind: 'QueueDescription' | 'TopicDescription' | 'SubscriptionDescription';
  readonly description: Description;
}

const ATOM = 'http://www.w3.org/2005/Atom';
const SERVICE_BUS = 'http://schemas.microsoft.com/netservices/2010/10/servicebus/connect';
const COUNTS = 'http://schemas.microsoft.com/netservices/2011/06/servicebus';

export function entryXml({ id, title, kind, description }: Entry): string {
  return (
    `<entry xmlns="${ATOM}"><id>${escaped(id)}</id><title type="text">${escaped(title)}</title>` +
    `<content type="application/xml"><${kind} xmlns="${SERVICE_BUS}" xmlns:i="http://www.w3.org/2001/XMLSchema-instance">` +
    `${elements(description)}</${kind}></content></entry>`
  );
}

/** A list, and where it goes on; without entries it is also what the service answers about an entity that is not there. */
export function feedXml(id: string, title: string, entries: readonly Entry[], next?: string): string {
  const links = [link('self', id), ...(next === undefined ? [] : [link('next', next)])];
  return (
    `<feed xmlns="${ATOM}"><title type="text">${escaped(title)}</title><id>${escaped(id)}</id>` +
    `${links.join('')}${entries.map(entryXml).join('')}</feed>`
  );
}

const link = (rel: string, href: string) => `<link rel="${rel}" href="${escaped(href)}"/>`;

export function errorXml(status: number, detail: string): string {
  return `<Error><Code>${status}</Code><Detail>${escaped(detail)}</Detail></Error>`;
}

function elements(description: Description): string {
  return Object.entries(description)
    .map(([name, value]) =>
      typeof value === 'object'
        ? `<${name} xmlns:d2p1="${COUNTS}">${elements(value)}</${name}>`
        : `<${name}>${escaped(String(value))}</${name}>`,
    )
    .join('');
}

function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
