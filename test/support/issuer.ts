import type { TestContext } from 'node:test';
import { freePort } from '../../dev/free-port.ts';
import { AUDIENCE, type LocalIssuer, openIssuer } from '../../dev/local-issuer.ts';
import type { OidcSettings } from '../../src/http/auth/auth-config.ts';
import { cleanup } from './cleanup.ts';

export interface TestIssuer extends LocalIssuer {
  /** For an app that takes its tokens. */
  readonly auth: OidcSettings;
}

/** A real issuer on loopback, closed when the test ends. */
export async function createIssuer(t: TestContext, port = 0): Promise<TestIssuer> {
  const issuer = await openIssuer({ port });
  let closing: Promise<void> | undefined;
  const close = () => {
    closing ??= issuer.close();
    return closing;
  };
  cleanup(t, close);
  return Object.assign(Object.create(issuer) as LocalIssuer, { close, auth: settingsFor(issuer.url) });
}

/** Where no issuer is yet; `open` brings it. */
export async function absentIssuer(t: TestContext) {
  const port = await freePort();
  return { auth: settingsFor(`http://127.0.0.1:${port}`), open: () => createIssuer(t, port) };
}

const settingsFor = (issuer: string): OidcSettings => ({
  issuer,
  audience: AUDIENCE,
  customerClaim: 'customer_id',
});

/** A clock that a test can put forward. */
export function movableClock() {
  let aheadMs = 0;
  return {
    now: () => new Date(Date.now() + aheadMs),
    forward: (ms: number) => {
      aheadMs += ms;
    },
  };
}
