import type { JWTPayload } from 'jose';
import { CustomerId } from '../../messages/order-fields.ts';
import { badToken } from './bearer-token.ts';
import type { Caller } from './caller.ts';

/** As a message's user id has to be. */
const SUBJECT = /^[!-~]{1,128}$/;
const CUSTOMER_ID = new RegExp(CustomerId.pattern ?? '', 'u');

/** The caller that verified claims are about. Throws UNAUTHENTICATED for claims that are there and mean nothing here. */
export function toCaller(claims: JWTPayload, customerClaim: string): Caller {
  const { iss = '', sub = '' } = claims;
  // An id token is for the client alone, also where it has the same audience: https://www.rfc-editor.org/rfc/rfc9068#section-5
  if (claims['at_hash'] !== undefined || claims['c_hash'] !== undefined || claims['typ'] === 'ID')
    throw badToken('it is an id token, not an access token');
  if (typeof sub !== 'string' || !SUBJECT.test(sub))
    throw badToken('its sub is not 1 to 128 visible ASCII characters');
  const customerId = claims[customerClaim];
  const scopes = new Set([claims['scope'], claims['scp'], claims['roles']].flatMap(namesIn));
  if (customerId === undefined) return { issuer: iss, subject: sub, scopes };
  // One that cannot be read must not count as none: without it a caller may have every order.
  if (!isCustomerId(customerId)) throw badToken('its customer is not 1 to 128 readable characters');
  return { issuer: iss, subject: sub, customerId, scopes };
}

/** `scope` of RFC 9068 and `scp` of Entra ID are one text; `roles`, and the `scp` of others, are lists. */
function namesIn(claim: unknown): string[] {
  if (typeof claim === 'string') return claim.split(' ').filter(Boolean);
  return Array.isArray(claim) ? claim.filter((name) => typeof name === 'string') : [];
}

function isCustomerId(claim: unknown): claim is string {
  return (
    typeof claim === 'string' &&
    claim.length > 0 &&
    claim.length <= (CustomerId.maxLength ?? 0) &&
    CUSTOMER_ID.test(claim)
  );
}
