import { ApiError } from '../../api-error.ts';

// The field and its challenge: https://www.rfc-editor.org/rfc/rfc6750
const BEARER = /^bearer +(\S+) *$/i;
const IS_BEARER = /^bearer(?: |$)/i;

/** The token of an Authorization field; undefined when there is none, or another scheme. Throws UNAUTHENTICATED for what is no token. */
export function bearerToken(authorization: string | undefined): string | undefined {
  const token = BEARER.exec(authorization ?? '')?.[1];
  if (token === undefined && IS_BEARER.test(authorization ?? '')) throw badToken('it is no token');
  return token;
}

/** Refuses a token; `reason` is ours, in printable ASCII without quotes, and follows "The token cannot be taken: ". */
export const badToken = (reason: string, cause?: unknown) =>
  new ApiError('UNAUTHENTICATED', `The token cannot be taken: ${reason}`, { cause });

/** A `WWW-Authenticate` that says what a request needs; without an error for one that has no token. */
export function challenge(
  error?: 'invalid_token' | 'insufficient_scope',
  description = '',
  scope?: string,
): string {
  if (!error) return 'Bearer realm="orders"';
  const named = scope === undefined ? '' : `, scope="${scope}"`;
  return `Bearer realm="orders", error="${error}", error_description="${description}"${named}`;
}
