/** Where messages are received, and what becomes of those behind one that cannot be handled. */
export interface Consumer {
  /** `topic/subscription` or a queue, in lower case, since Service Bus tells no names by their case: the `consumer` of the table. */
  readonly name: string;
  readonly from: { readonly topic: string; readonly subscription: string } | { readonly queue: string };
  /** hold: the later messages of its aggregate wait for a person. continue: they go on. */
  readonly onFailure: OnFailure;
}

export type OnFailure = 'continue' | 'hold';

/** https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules#microsoftservicebus */
const NAME = /^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?(\/[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?)*$/;
const LONGEST_SUBSCRIPTION = 50;
const LONGEST = 260 + 1 + LONGEST_SUBSCRIPTION;

/** The consumers of a text such as `inventory/order-service, refunds=hold`. Only of one that has no `consumersFault`. */
export function parseConsumers(text: string): Consumer[] {
  return text.split(',').map((part) => {
    const [name = '', onFailure = 'continue'] = wordsOf(part);
    const slash = name.lastIndexOf('/');
    const from =
      slash < 0 ? { queue: name } : { topic: name.slice(0, slash), subscription: name.slice(slash + 1) };
    return { name: name.toLowerCase(), from, onFailure: onFailure as OnFailure };
  });
}

/** What is wrong with the first part that is; undefined if nothing is. */
export function consumersFault(text: string): string | undefined {
  const seen = new Set<string>();
  for (const part of text.split(',')) {
    const [name = '', onFailure = 'continue', ...more] = wordsOf(part);
    if (name === '') return 'a name is missing before or after a comma';
    if (!isName(name)) return `"${name}" is neither a queue nor topic/subscription`;
    if (more.length > 0 || (onFailure !== 'hold' && onFailure !== 'continue')) {
      return `"${part.trim()}": after = comes hold or continue`;
    }
    const same = name.toLowerCase();
    if (seen.has(same)) return `"${name}" is there twice`;
    seen.add(same);
  }
  return undefined;
}

const wordsOf = (part: string) => part.split('=').map((word) => word.trim());

function isName(name: string): boolean {
  const slash = name.lastIndexOf('/');
  return (
    name.length <= LONGEST &&
    NAME.test(name) &&
    (slash < 0 || name.length - slash - 1 <= LONGEST_SUBSCRIPTION)
  );
}
