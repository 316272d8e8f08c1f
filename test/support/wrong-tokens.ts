import {
  type CryptoKey,
  exportJWK,
  exportSPKI,
  generateKeyPair,
  importJWK,
  type JWTHeaderParameters,
  SignJWT,
  UnsecuredJWT,
} from 'jose';
import type { LocalIssuer } from '../../dev/local-issuer.ts';

export interface WrongToken {
  readonly what: string;
  readonly token: string;
  /** What the answer says of it. */
  readonly told: RegExp;
}

/** Tokens that would be good for everything, each but for one thing. */
export async function wrongTokens(issuer: LocalIssuer): Promise<WrongToken[]> {
  const { url, key } = issuer;
  const good = { scope: 'orders:read orders:write', customer_id: 'cust-123' };
  const now = Math.floor(Date.now() / 1_000);
  const claims = { iss: url, aud: 'order-service', sub: 'alice', exp: now + 600, ...good };
  const { exp: _exp, ...endless } = claims;
  const { sub: _sub, ...nobodys } = claims;
  const header = { alg: key.alg, kid: key.kid };
  const stranger = await generateKeyPair('RS256', { extractable: true });
  const publicKey = new TextEncoder().encode(await exportSPKI((await importJWK(key.publicJwk)) as CryptoKey));
  const signed = (payload: object, changed: Partial<JWTHeaderParameters> = {}, by = key.privateKey) =>
    new SignJWT({ ...payload }).setProtectedHeader({ ...header, ...changed }).sign(by);
  const [head = '', body = '', signature = ''] = (await signed(claims)).split('.');
  const richer = Buffer.from(JSON.stringify({ ...claims, customer_id: 'cust-9' })).toString('base64url');

  return [
    { what: 'no JWT', token: 'secret', told: /no signed JWT/ },
    { what: 'half of one', token: `${head}.${body}`, told: /no signed JWT/ },
    { what: 'expired', token: await signed({ ...claims, exp: now - 31 }), told: /has expired/ },
    { what: 'without an end', token: await signed(endless), told: /when it expires/ },
    {
      what: 'with an end that is no number',
      token: await signed({ ...claims, exp: '9999999999' }),
      told: /./,
    },
    { what: 'not yet', token: await signed({ ...claims, nbf: now + 90 }), told: /not valid yet/ },
    { what: 'other issuer', token: await signed({ ...claims, iss: `${url}/` }), told: /another issuer/ },
    { what: 'other audience', token: await signed({ ...claims, aud: ['other'] }), told: /another audience/ },
    { what: 'nobody’s', token: await signed(nobodys), told: /whose it is/ },
    { what: 'a sub with a blank', token: await signed({ ...claims, sub: 'a b' }), told: /its sub/ },
    {
      what: 'a sub that is too long',
      token: await signed({ ...claims, sub: 'x'.repeat(129) }),
      told: /its sub/,
    },
    {
      what: 'no customer but an object',
      token: await signed({ ...claims, customer_id: {} }),
      told: /its customer/,
    },
    { what: 'an empty customer', token: await signed({ ...claims, customer_id: '' }), told: /its customer/ },
    {
      what: 'a customer of null',
      token: await signed({ ...claims, customer_id: null }),
      told: /its customer/,
    },
    { what: 'alg none', token: new UnsecuredJWT(claims).encode(), told: /its algorithm|no signed JWT/ },
    {
      what: 'HS256 with the public key',
      token: await new SignJWT(claims).setProtectedHeader({ ...header, alg: 'HS256' }).sign(publicKey),
      told: /its algorithm/,
    },
    {
      what: 'unknown kid',
      token: await signed(claims, { kid: 'other' }, stranger.privateKey),
      told: /no such key/,
    },
    { what: 'known kid, other key', token: await signed(claims, {}, stranger.privateKey), told: /signature/ },
    {
      what: 'its own key in its header',
      token: await new SignJWT(claims)
        .setProtectedHeader({ alg: 'RS256', jwk: await exportJWK(stranger.publicKey) })
        .sign(stranger.privateKey),
      told: /signature/,
    },
    { what: 'other claims than signed', token: `${head}.${richer}.${signature}`, told: /signature/ },
    { what: 'for a logout', token: await signed(claims, { typ: 'logout+jwt' }), told: /its type/ },
    { what: 'an id token', token: await signed({ ...claims, at_hash: 'x' }), told: /id token/ },
    { what: 'a critical extension', token: `${critical(head)}.${body}.${signature}`, told: /./ },
  ];
}

function critical(head: string): string {
  const header = JSON.parse(Buffer.from(head, 'base64url').toString()) as object;
  return Buffer.from(JSON.stringify({ ...header, crit: ['x'], x: 1 })).toString('base64url');
}
