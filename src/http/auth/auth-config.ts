import { Type } from '@sinclair/typebox';
import type { Check } from '../../core/config.ts';

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);

/** What says who may use the api: an issuer of tokens, or API_AUTH=none for everybody. */
export const authConfig = {
  NODE_ENV: Type.String({
    default: 'development',
    description: 'a name; production turns the API docs off and wants to know who may call',
    check: ((environment, { API_AUTH, OIDC_ISSUER }) =>
      environment === 'production' && !API_AUTH && !OIDC_ISSUER
        ? 'in production the api does not start open: set OIDC_ISSUER and OIDC_AUDIENCE, or API_AUTH=none to let everybody in'
        : undefined) satisfies Check,
  }),
  API_AUTH: Type.Optional(
    Type.Literal('none', {
      description: 'none, or not set',
      check: ((_none, { OIDC_ISSUER }) =>
        OIDC_ISSUER ? 'it contradicts OIDC_ISSUER' : undefined) satisfies Check,
    }),
  ),
  OIDC_ISSUER: Type.Optional(
    Type.String({
      description: 'the issuer of the tokens, a URL just as its discovery document and its tokens have it',
      check: ((issuer, { OIDC_AUDIENCE }) =>
        urlFault(issuer) ?? (OIDC_AUDIENCE ? undefined : 'OIDC_AUDIENCE is missing')) satisfies Check,
    }),
  ),
  OIDC_AUDIENCE: Type.Optional(
    Type.String({ description: 'the name of this api in the tokens', check: besideIssuer }),
  ),
  OIDC_JWKS_URI: Type.Optional(
    Type.String({
      description: 'the URL of the issuer’s keys',
      check: ((uri, config) => urlFault(uri) ?? besideIssuer(uri, config)) satisfies Check,
    }),
  ),
  OIDC_CUSTOMER_CLAIM: Type.String({
    default: 'customer_id',
    minLength: 1,
    description: 'the name of the claim that limits a caller to the orders of one customer',
  }),
};

/** Whose tokens are taken. */
export interface OidcSettings {
  readonly issuer: string;
  readonly audience: string;
  /** Where the keys are; by default where the issuer's discovery document says. */
  readonly jwksUri?: string | undefined;
  readonly customerClaim: string;
}

/** The issuer that is configured; undefined when everybody may call. */
export function oidcSettings(config: {
  readonly OIDC_ISSUER?: string;
  readonly OIDC_AUDIENCE?: string;
  readonly OIDC_JWKS_URI?: string;
  readonly OIDC_CUSTOMER_CLAIM: string;
}): OidcSettings | undefined {
  const { OIDC_ISSUER, OIDC_AUDIENCE, OIDC_JWKS_URI, OIDC_CUSTOMER_CLAIM } = config;
  if (OIDC_ISSUER === undefined || OIDC_AUDIENCE === undefined) return undefined;
  return {
    issuer: OIDC_ISSUER,
    audience: OIDC_AUDIENCE,
    jwksUri: OIDC_JWKS_URI,
    customerClaim: OIDC_CUSTOMER_CLAIM,
  };
}

/** What is wrong with a URL that keys are had from: whoever can change what it answers can sign tokens. */
export function urlFault(text: string): string | undefined {
  const url = URL.parse(text);
  if (!url) return 'it is no URL';
  if (url.username || url.password || url.search || url.hash) return 'it has a user, a query or a fragment';
  const isSafe = url.protocol === 'https:' || (url.protocol === 'http:' && LOOPBACK.has(url.hostname));
  return isSafe ? undefined : 'it must begin with https://, unless it is on this machine';
}

function besideIssuer(
  _value: string,
  { OIDC_ISSUER }: Readonly<Record<string, unknown>>,
): string | undefined {
  return OIDC_ISSUER ? undefined : 'OIDC_ISSUER is missing';
}
