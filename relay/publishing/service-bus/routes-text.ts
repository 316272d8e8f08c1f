import type { Route } from '../../outbox/routing.ts';
import { entityNameFault } from './entity-name.ts';

const TYPE = /^[^\s*=,]*\*?$/;

/** The routes of a text that `routesFault` finds nothing wrong with. */
export function parseRoutes(text: string): Route[] {
  return text.split(',').map((part) => {
    const at = part.indexOf('=');
    return { type: part.slice(0, at).trim(), destination: part.slice(at + 1).trim() };
  });
}

/** What is wrong with routes such as `OrderCreated=orders,Order*=lifecycle`; undefined: nothing. */
export function routesFault(text: string): string | undefined {
  const seen: string[] = [];
  for (const part of text.split(',')) {
    if (part.trim() === '') return 'there is a comma with nothing before or after it';
    if (!part.includes('=')) return `"${part.trim()}" has no =: write TYPE=ENTITY`;
  }
  for (const { type, destination } of parseRoutes(text)) {
    if (type === '') return `the route to "${destination}" has no type: * stands for all`;
    if (!TYPE.test(type)) return `"${type}" is no type: a * may stand at its end, and nowhere else`;
    const fault = entityNameFault(destination);
    if (fault) return `the route of ${type}: ${fault}`;
    if (seen.includes(type)) return `${type} stands there twice`;
    const before = seen.find((earlier) => earlier.endsWith('*') && type.startsWith(earlier.slice(0, -1)));
    if (before) return `${type} comes after ${before}, which takes all of its messages: put it before`;
    seen.push(type);
  }
  return undefined;
}
