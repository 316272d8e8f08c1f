import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from 'jose';

/** The name of the api in the tokens. */
export const AUDIENCE = 'order-service';
const EXPIRES_IN_S = 3_600;

export interface LocalIssuer {
  readonly url: string;
  /** What it signs with now, and publishes. */
  readonly key: SigningKey;
  /** An access token for the api (RFC 9068), an hour long, with these claims beside and instead of the usual ones. */
  sign(claims?: JWTPayload): Promise<string>;
  /** Signs with a new key from now on, and publishes that one alone. */
  rotate(): Promise<void>;
  close(): Promise<void>;
}

export interface SigningKey {
  readonly kid: string;
  readonly alg: string;
  readonly privateKey: CryptoKey;
  readonly publicJwk: JWK;
}

/**
 * An OpenID provider for this machine: its discovery document, its keys, and a token for whoever asks at `POST /token`, with the `scope`,
 * `sub` and `customer_id` that the form names. The caller closes it. Port 0 is any.
 */
export async function openIssuer({ port = 0 } = {}): Promise<LocalIssuer> {
  let key = await newKey();
  const server = createServer((request, response) => {
    answer(request).then(
      (body) => response.setHeader('content-type', 'application/json').end(JSON.stringify(body)),
      (error: Error) => response.writeHead(400).end(error.message),
    );
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  const sign = (claims: JWTPayload = {}) => {
    const now = Math.floor(Date.now() / 1_000);
    const usual = { iss: url, aud: AUDIENCE, sub: 'developer', iat: now, exp: now + EXPIRES_IN_S };
    return new SignJWT({ ...usual, jti: crypto.randomUUID(), ...claims })
      .setProtectedHeader({ alg: key.alg, kid: key.kid, typ: 'at+jwt' })
      .sign(key.privateKey);
  };

  async function answer(request: IncomingMessage): Promise<object> {
    switch (`${request.method} ${request.url}`) {
      case 'GET /.well-known/openid-configuration':
        return { issuer: url, jwks_uri: `${url}/keys`, token_endpoint: `${url}/token` };
      case 'GET /keys':
        return { keys: [key.publicJwk] };
      case 'POST /token': {
        const { scope, sub, customer_id } = Object.fromEntries(new URLSearchParams(await text(request)));
        const claims = { ...(scope && { scope }), ...(sub && { sub }), ...(customer_id && { customer_id }) };
        return { access_token: await sign(claims), token_type: 'Bearer', expires_in: EXPIRES_IN_S };
      }
      default:
        throw new Error(`There is no ${request.method} ${request.url} here`);
    }
  }

  return {
    url,
    get key() {
      return key;
    },
    sign,
    async rotate() {
      key = await newKey();
    },
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

async function newKey(alg = 'RS256'): Promise<SigningKey> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  const kid = crypto.randomUUID();
  return { kid, alg, privateKey, publicJwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' } };
}
