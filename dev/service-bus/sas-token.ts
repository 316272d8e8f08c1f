import { createHmac, timingSafeEqual } from 'node:crypto';

/** The namespace's one shared access policy; it may do everything. */
export interface SharedAccessKey {
  readonly name: string;
  readonly key: string;
}

export type SasCheck =
  | { readonly ok: true; readonly audience: string; readonly expiresAt: number }
  | { readonly ok: false; readonly reason: string };

/**
 * Checks a shared access signature for an audience: key name, signature, expiry, and that it was made for the audience
 * or for something above it. https://learn.microsoft.com/azure/service-bus-messaging/service-bus-sas
 */
export function checkSasToken(
  token: string,
  audience: string,
  policy: SharedAccessKey,
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
  const expected = createHmac('sha256', policy.key).update(`${resource}\n${expiry}`).digest();
  const given = Buffer.from(decode(signature), 'base64');
  if (
    decode(keyName) !== policy.name ||
    given.length !== expected.length ||
    !timingSafeEqual(given, expected)
  ) {
    return refused('InvalidSignature: The token has an invalid signature.');
  }
  if (!isWithin(decode(resource), audience)) {
    return refused(
      `InvalidAudience: The authorization header contains a token signed for the wrong resource: ${audience}.`,
    );
  }
  return { ok: true, audience: decode(resource), expiresAt };
}

/** The entity path of an audience such as `sb://localhost:5672/orders`; empty for the whole namespace. */
export function audiencePath(audience: string): string {
  return audience.replace(/^[a-z]+:\/\/[^/]*\/?/i, '').replace(/\/$/, '');
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
