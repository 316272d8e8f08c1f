import { errors, type JWTVerifyGetKey, jwtVerify } from 'jose';
import type { OidcSettings } from './auth-config.ts';
import { badToken } from './bearer-token.ts';
import type { Caller } from './caller.ts';
import { toCaller } from './token-claims.ts';
import { VerifiedTokens } from './verified-tokens.ts';

/** What has a public key alone: with HS256, whoever can read the issuer's public key could sign. */
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'];
/** RFC 9068's type, and what those have that do not know it; not the tokens of logouts and events, https://www.rfc-editor.org/rfc/rfc8725#section-3.11 */
const TYPES = new Set(['jwt', 'at+jwt', 'application/at+jwt']);
const CLOCK_TOLERANCE_S = 30;
/** How long a verified token is not looked at again: what an issuer has withdrawn counts a minute longer. */
const TRUSTED_MS = 60_000;

export interface TokenVerifierDeps {
  readonly settings: OidcSettings;
  readonly keyOf: JWTVerifyGetKey;
  readonly now: () => Date;
}

/** Who sends a token. Throws UNAUTHENTICATED, which says what is wrong with it, and what `keyOf` throws. */
export type TokenVerifier = (token: string) => Promise<Caller>;

export function createTokenVerifier({ settings, keyOf, now }: TokenVerifierDeps): TokenVerifier {
  const { issuer, audience, customerClaim } = settings;
  const verified = new VerifiedTokens();

  return async (token) => {
    const currentDate = now();
    const known = verified.find(token, currentDate.getTime());
    if (known) return known;
    try {
      const { payload, protectedHeader } = await jwtVerify(token, keyOf, {
        algorithms: ALGORITHMS,
        issuer,
        audience,
        clockTolerance: CLOCK_TOLERANCE_S,
        currentDate,
        requiredClaims: ['exp', 'sub'],
      });
      if (!TYPES.has(String(protectedHeader.typ ?? 'jwt').toLowerCase()))
        throw badToken('its type is not that of an access token');
      const caller = toCaller(payload, customerClaim);
      const endsAt = ((payload.exp ?? 0) + CLOCK_TOLERANCE_S) * 1_000;
      verified.keep(token, caller, Math.min(endsAt, currentDate.getTime() + TRUSTED_MS));
      return caller;
    } catch (error) {
      throw error instanceof errors.JOSEError ? badToken(whatIsWrong(error), error) : error;
    }
  };
}

/** Errors of jose that are the token's fault; all others are not told apart. */
const REASONS: Readonly<Record<string, string>> = {
  ERR_JWT_EXPIRED: 'it has expired',
  ERR_JOSE_ALG_NOT_ALLOWED: 'its algorithm is not taken',
  ERR_JWKS_NO_MATCHING_KEY: 'the issuer has no such key',
  ERR_JWKS_MULTIPLE_MATCHING_KEYS: 'it does not say which key of the issuer has signed it',
  ERR_JWS_SIGNATURE_VERIFICATION_FAILED: 'its signature is not valid',
};

const REASONS_OF_CLAIMS: Readonly<Record<string, string>> = {
  iss: 'it is of another issuer',
  aud: 'it is for another audience',
  nbf: 'it is not valid yet',
  exp: 'it does not say when it expires',
  sub: 'it does not say whose it is',
};

function whatIsWrong(error: errors.JOSEError): string {
  const ofClaim =
    error instanceof errors.JWTClaimValidationFailed ? REASONS_OF_CLAIMS[error.claim] : undefined;
  return ofClaim ?? REASONS[error.code] ?? 'it is no signed JWT that can be read';
}
