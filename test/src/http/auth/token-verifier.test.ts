import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import type { OidcSettings } from '../../../../src/http/auth/auth-config.ts';
import { issuerKeys } from '../../../../src/http/auth/issuer-keys.ts';
import { createTokenVerifier } from '../../../../src/http/auth/token-verifier.ts';
import { cleanup } from '../../../support/cleanup.ts';
import { absentIssuer, createIssuer, movableClock } from '../../../support/issuer.ts';
import { openLog } from '../../../support/log-lines.ts';
import { until } from '../../../support/until.ts';
import { wrongTokens } from '../../../support/wrong-tokens.ts';

// Against a real issuer on loopback.

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const unauthenticated = { code: 'UNAUTHENTICATED' };
const unavailable = { code: 'ISSUER_UNAVAILABLE' };

function openVerifier(settings: OidcSettings) {
  const clock = movableClock();
  const { log, lines } = openLog();
  const { keyOf } = issuerKeys({ settings, log, now: clock.now });
  return { verify: createTokenVerifier({ settings, keyOf, now: clock.now }), clock, lines };
}

test('a good token says who asks', async (t) => {
  const issuer = await createIssuer(t);
  const { verify } = openVerifier(issuer.auth);

  const token = await issuer.sign({
    sub: 'alice',
    scope: 'orders:read',
    customer_id: 'cust-1',
    aud: ['x', 'order-service'],
  });

  assert.deepEqual(await verify(token), {
    issuer: issuer.url,
    subject: 'alice',
    customerId: 'cust-1',
    scopes: new Set(['orders:read']),
  });
});

test('each wrong token is refused, and told why', async (t) => {
  const issuer = await createIssuer(t);
  const { verify } = openVerifier(issuer.auth);

  for (const { what, token, told } of await wrongTokens(issuer)) {
    await assert.rejects(verify(token), { ...unauthenticated, message: told }, what);
    await assert.rejects(verify(token), { ...unauthenticated, message: told }, `${what}, again`);
  }
});

for (const alg of ['PS256', 'ES256', 'ES384', 'EdDSA']) {
  test(`a token that is signed with ${alg} is taken, as a plain access token without a type`, async (t) => {
    const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
    const url = await serve(t, { '/keys': { keys: [{ ...(await exportJWK(publicKey)), kid: '1', alg }] } });
    const { verify } = openVerifier({
      issuer: url,
      audience: 'a',
      jwksUri: `${url}/keys`,
      customerClaim: 'c',
    });

    const token = await new SignJWT({ iss: url, aud: 'a', sub: 's' })
      .setExpirationTime('1m')
      .setProtectedHeader({ alg, kid: '1' })
      .sign(privateKey);

    assert.equal((await verify(token)).subject, 's');
  });
}

test('clocks may differ by half a minute, and a token that is known ends with it all the same', async (t) => {
  const issuer = await createIssuer(t);
  const { verify, clock } = openVerifier(issuer.auth);
  const now = Math.floor(Date.now() / SECOND);
  const token = await issuer.sign({ nbf: now + 50, exp: now + 30 });

  clock.forward(25 * SECOND);
  await verify(token);
  clock.forward(30 * SECOND);
  await verify(token);
  clock.forward(6 * SECOND);
  await assert.rejects(verify(token), { ...unauthenticated, message: /expired/ });
});

test('a new key is fetched when a token names it, and made-up ones do not make the issuer be asked each time', async (t) => {
  const issuer = await createIssuer(t);
  const { verify, clock } = openVerifier(issuer.auth);
  await verify(await issuer.sign());
  await issuer.rotate();
  const token = await issuer.sign();

  await assert.rejects(
    verify(token),
    { ...unauthenticated, message: /no such key/ },
    'it was asked just now',
  );
  clock.forward(5 * SECOND);
  await verify(token);
});

test('a key that the issuer has withdrawn is not taken for longer than some minutes', async (t) => {
  const issuer = await createIssuer(t);
  const { verify, clock } = openVerifier(issuer.auth);
  const token = await issuer.sign();
  await verify(token);
  await issuer.rotate();

  clock.forward(6 * MINUTE);

  await until('it is refused', async () => {
    clock.forward(61 * SECOND); // past what is remembered of the token itself
    return verify(token).then(
      () => false,
      (error: { code: string }) => error.code === 'UNAUTHENTICATED',
    );
  });
});

test('while the issuer is away its last keys are good, for a day; an unknown key cannot be told', async (t) => {
  const issuer = await createIssuer(t);
  const { verify, clock } = openVerifier(issuer.auth);
  const token = await issuer.sign({ exp: Math.floor(Date.now() / SECOND) + 48 * 3_600 });
  await verify(token);
  await issuer.rotate();
  const unknown = await issuer.sign();
  await issuer.close();

  clock.forward(10 * MINUTE);
  await verify(token);
  await assert.rejects(verify(unknown), unavailable);
  clock.forward(23 * HOUR);
  await verify(token);
  clock.forward(HOUR);
  await assert.rejects(verify(token), unavailable);
});

test('an issuer that is away at the start is asked again, and tokens are good once it is there', async (t) => {
  const { auth, open } = await absentIssuer(t);
  const { verify, clock, lines } = openVerifier(auth);

  await assert.rejects(verify('x.y.z'), unauthenticated, 'what is no token needs no key');
  const issuer = await open();
  const token = await issuer.sign();
  await issuer.close();
  await assert.rejects(verify(token), unavailable);
  await assert.rejects(verify(token), unavailable);
  assert.equal(lines.filter(({ msg }) => msg.startsWith('Could not get the keys')).length, 1, 'asked once');

  const back = await open();
  clock.forward(2 * SECOND);
  await verify(await back.sign());
  assert.ok(lines.some(({ msg }) => msg === 'The issuer of the tokens answers again'));
});

const BAD_DOCUMENTS: [what: string, document: (url: string) => object | undefined][] = [
  ['that is not there', () => undefined],
  ['of another issuer', (url) => ({ issuer: `${url}/other`, jwks_uri: `${url}/keys` })],
  ['without keys', (url) => ({ issuer: url })],
  ['with keys somewhere unsafe', (url) => ({ issuer: url, jwks_uri: 'http://example.com/keys' })],
  ['with keys that are none', (url) => ({ issuer: url, jwks_uri: `${url}/no-keys` })],
];

for (const [what, document] of BAD_DOCUMENTS) {
  test(`with a discovery document ${what}, no token can be checked`, async (t) => {
    const good = await createIssuer(t);
    const answers: Record<string, unknown> = {
      '/keys': { keys: [good.key.publicJwk] },
      '/no-keys': { keys: 'none' },
    };
    const url = await serve(t, answers);
    answers['/.well-known/openid-configuration'] = document(url);
    const { verify } = openVerifier({ ...good.auth, issuer: url });

    await assert.rejects(verify(await good.sign({ iss: url })), unavailable);
  });
}

/** Serves these answers as JSON, and 404 for what is undefined. */
async function serve(t: TestContext, answers: Readonly<Record<string, unknown>>): Promise<string> {
  const server = createServer(({ url = '' }, response) => {
    const answer = answers[url];
    response.writeHead(answer === undefined ? 404 : 200).end(JSON.stringify(answer));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanup(t, () => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
