import { createHash } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import type { KeyedRequest } from '../../idempotency/keyed-request.ts';
import { canonicalJson } from '../body/canonical-json.ts';
import { headerError, headerFault } from './header-error.ts';

// https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/ has the key as a quoted string of structured
// fields, https://www.rfc-editor.org/rfc/rfc9651#section-3.3.3; most clients send it bare. Both are the same key.
const BARE = /^[!#-~][!-~]*$/;
const QUOTED = /^"((?:[!#-[\]-~]|\\["\\])*)"$/;
const MAX_LENGTH = 255;

/** The request with its Idempotency-Key; undefined when it has none. Throws CONTEXT_INVALID. */
export function readKeyedRequest(request: FastifyRequest): KeyedRequest | undefined {
  const header = request.headers['idempotency-key'];
  if (header === undefined) return undefined;
  return {
    scope: scopeOf(request),
    route: `${request.method} ${request.routeOptions.url}`,
    key: parseIdempotencyKey(header),
    fingerprint: createHash('sha256').update(meaningOf(request)).digest('hex'),
  };
}

/** Whose key it is. Of one subject with tokens for two customers, each has its own. */
function scopeOf({ caller, messageContext: { userId } }: FastifyRequest): string {
  if (caller) return `caller:${JSON.stringify([caller.issuer, caller.subject, caller.customerId])}`;
  // Without tokens this keeps the keys of honest callers apart, and keeps no one out.
  return userId === undefined ? 'anonymous' : `user:${userId}`;
}

/** What two requests have in common that ask for the same, on the same condition. */
function meaningOf({ params, body, headers }: FastifyRequest): string {
  const ifMatch = headers['if-match'];
  return canonicalJson([params ?? null, body ?? null, ...(ifMatch === undefined ? [] : [ifMatch])]);
}

/** The key that a header's value is, quoted or bare. Throws CONTEXT_INVALID. */
export function parseIdempotencyKey(header: string | readonly string[]): string {
  const value = String(header);
  const key = BARE.test(value) ? value : QUOTED.exec(value)?.[1]?.replaceAll(/\\(["\\])/g, '$1');
  if (key && key.length <= MAX_LENGTH) return key;
  const wanted = `must be 1 to ${MAX_LENGTH} visible ASCII characters, quoted or not`;
  throw headerError(headerFault('idempotency-key', wanted));
}
