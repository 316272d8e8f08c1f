import type { Fault } from '../../core/errors.ts';
import { childPointer } from './json-pointer.ts';

const MAX_MEMBERS = 1_000;
const MAX_VALUES = 10_000;
const LONGEST_POINTER_SHOWN = 200;

/**
 * What makes a body too extensive to be looked at in full, if it is. To name every fault of tens of thousands of members would
 * hold up all other requests; no command is anywhere near these limits.
 */
export function extentFault(body: unknown): Fault | undefined {
  const waiting: [value: unknown, pointer: string][] = [[body, '']];
  let values = 1;
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const [value, pointer] = next;
    if (typeof value !== 'object' || value === null) continue;
    const names = Object.keys(value);
    values += names.length;
    if (names.length > MAX_MEMBERS)
      return {
        pointer: shown(pointer),
        detail: `must have at most ${MAX_MEMBERS} members`,
        quotesClient: true,
      };
    if (values > MAX_VALUES) return { pointer: '', detail: `must have at most ${MAX_VALUES} values` };
    for (const name of names)
      waiting.push([(value as Record<string, unknown>)[name], childPointer(pointer, name)]);
  }
  return undefined;
}

const shown = (pointer: string) => (pointer.length > LONGEST_POINTER_SHOWN ? '' : pointer);
