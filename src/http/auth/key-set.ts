import type { JSONWebKeySet } from 'jose';
import { type OidcSettings, urlFault } from './auth-config.ts';

const ANSWERED_WITHIN_MS = 5_000;

/** The issuer's public keys as it publishes them now. Throws when they cannot be had within 10 s, and says why. */
export async function fetchKeySet({ issuer, jwksUri }: OidcSettings): Promise<JSONWebKeySet> {
  // jose checks what is in it.
  return (await fetchJson(jwksUri ?? (await discoverJwksUri(issuer)))) as JSONWebKeySet;
}

/** https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfig: it must be about the very issuer that was asked. */
async function discoverJwksUri(issuer: string): Promise<string> {
  const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
  const found = (await fetchJson(url)) as { issuer?: unknown; jwks_uri?: unknown } | null;
  if (found?.issuer !== issuer)
    throw new Error(`${url} is about the issuer ${String(found?.issuer)}, and OIDC_ISSUER is ${issuer}`);
  const { jwks_uri: uri } = found;
  const fault = typeof uri === 'string' ? urlFault(uri) : 'it is missing';
  if (fault !== undefined) throw new Error(`The jwks_uri of ${url} cannot be used: ${fault}`);
  return uri as string;
}

async function fetchJson(url: string): Promise<unknown> {
  const answer = await fetch(url, {
    headers: { accept: 'application/json' },
    redirect: 'error',
    signal: AbortSignal.timeout(ANSWERED_WITHIN_MS),
  });
  if (answer.status === 200) return answer.json();
  await answer.body?.cancel();
  throw new Error(`${url} answered ${answer.status}`);
}
