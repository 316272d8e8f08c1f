import { after, before } from 'node:test';
import type { Scope } from './cleanup.ts';

/** What all tests of a suite, or of a file, share: made before the first of them, and cleaned up after the last. */
export function forSuite<T extends object>(open: (scope: Scope) => Promise<T>): T {
  const shared = {} as T;
  const ends: (() => Promise<void>)[] = [];
  before(async () => {
    Object.assign(shared, await open({ after: (end) => void ends.push(end) }));
  });
  after(async () => {
    for (const end of ends) await end();
  });
  return shared;
}
