import type { ApiErrorCode } from '../api-error.ts';

const PREFIX = 'urn:order-service:problem:';

/** The `type` of the problems with this code: a URN, the same at every address that the service has. */
export const problemType = (code: ApiErrorCode) => `${PREFIX}${code.toLowerCase().replaceAll('_', '-')}`;

/** What tells a type from the others, such as `order-not-found`; `about:blank` stays what it is. */
export const problemName = (type: string) => type.replace(PREFIX, '');

/** Where a person can read what a problem of this type means; undefined of those that their status says all about. */
export const problemPage = (type: string) =>
  type.startsWith(PREFIX) ? `/problems/${problemName(type)}` : undefined;
