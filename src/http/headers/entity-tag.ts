import { headerError, headerFault } from './header-error.ts';

/** Entity tags of versions, and the conditions that clients make with them: https://www.rfc-editor.org/rfc/rfc9110#section-13 */
const LISTED = /^\s*(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"\s*$/;
const STRONG_VERSION = /^"([1-9][0-9]{0,9})"$/;

/** The strong entity tag of an order's version. */
export const entityTag = (version: number) => `"${version}"`;

/**
 * The versions that If-Match allows; undefined when any will do. Weak tags, and tags that we never gave, match none.
 * Throws CONTEXT_INVALID for what is no list of entity tags.
 */
export function versionsOf(ifMatch: string | undefined): number[] | undefined {
  if (ifMatch === undefined || ifMatch.trim() === '*') return undefined;
  const tags = tagsIn(ifMatch);
  if (!tags) {
    const wanted = 'must be "*" or a list of entity tags, such as "1" with its quotes';
    throw headerError(headerFault('if-match', wanted));
  }
  return tags.flatMap((tag) => STRONG_VERSION.exec(tag)?.[1] ?? []).map(Number);
}

/** Whether the client has this version already. What is no list of entity tags is ignored: the answer is then merely longer. */
export const isKnown = (version: number, ifNoneMatch: string | undefined) =>
  isListed(entityTag(version), ifNoneMatch);

/** The same for any strong entity tag without a comma. */
export function isListed(entityTag: string, ifNoneMatch: string | undefined): boolean {
  if (ifNoneMatch === undefined) return false;
  if (ifNoneMatch.trim() === '*') return true;
  return (tagsIn(ifNoneMatch) ?? []).some((tag) => tag.replace(/^W\//, '') === entityTag);
}

function tagsIn(list: string): string[] | undefined {
  // Our own tags have no comma; of others only that they are not ours matters.
  const tags = list.match(/(?:[^",]|"[^"]*"?)+/g) ?? [];
  return tags.length > 0 && tags.every((tag) => LISTED.test(tag)) ? tags.map((tag) => tag.trim()) : undefined;
}
