import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Right, SharedAccessPolicy } from './shared-access-policy.ts';

export type SasCheck =
  | { readonly ok: true; readonly expiresAt: number; readonly rights: readonly Right[] }
  | { readonly ok: false; readonly reason: string };

/**
 * Checks a shared access signature for an audience: key name, signature, expiry, and that it was made for the audience
 * or for something above it. `policiesOf` has the policies that may sign for a path. https://learn.microsoft.com/azure/service-bus-messaging/service-bus-sas
 */
export function checkSasToken(
  token: string,
  audience: string,
  policiesOf: (path: string) => readonly SharedAccessPolicy[],
  now: number,
): SasCheck {
  const [scheme, fields = ''] = token.split(' ', 2);
  const parts = new Map(
    fields.split('&').map((part): [string, string] => {
      const equals = part.indexOf('=');
      return [part.slice(0, equals), part.slice(equals + 1)];
    }),
  );
  const resource = parts.get('sr');
  const signature = parts.get('sig');
  const expiry = parts.get('se');
  const keyName = parts.get('skn');
  if (scheme !== 'SharedAccessSignature' || !resource || !signature || !expiry || !keyName) {
    return refused('MalformedToken: The token is malformed.');
  }
  const expiresAt = Number(expiry) * 1_000;
  if (!(expiresAt > now)) {
    return refused(
      `ExpiredToken: The token is expired. Expiration time: '${expiry}', Current time: '${now / 1_000}'.`,
    );
  }
  const given = Buffer.from(decode(signature), 'base64');
  const signer = policiesOf(audiencePath(decode(resource))).find(
    ({ name, key }) => name === decode(keyName) && isSignature(given, key, `${resource}\n${expiry}`),
  );
  if (signer === undefined) return refused('InvalidSignature: The token has an invalid signature.');
  if (!isWithin(decode(resource), audience)) {
    return refused(
      `InvalidAudience: The authorization header contains a token signed for the wrong resource: ${audience}.`,
    );
  }
  return { ok: true, expiresAt, rights: signer.rights };
}

/** The entity path of an audience such as `sb://localhost:5672/orders`; empty for the whole namespace. */
export function audiencePath(audience: string): string {
  return audience.replace(/^[a-z]+:\/\/[^/]*\/?/i, '').replace(/\/$/, '');
}

function isSignature(given: Buffer, key: string, text: string): boolean {
  const expected = createHmac('sha256', key).update(text).digest();
  return given.length === expected.length && timingSafeEqual(given, expected);
}

function isWithin(resource: string, audience: string): boolean {
  const scope = resource.toLowerCase().replace(/\/$/, '');
  const wanted = audience.toLowerCase().replace(/\/$/, '');
  return wanted === scope || wanted.startsWith(`${scope}/`);
}

function refused(reason: string): SasCheck {
  return { ok: false, reason };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // A stray percent sign: the text as it stands will not match anything, which is the right answer.
    return text;
  }
}
