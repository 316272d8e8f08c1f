import { createLocalJWKSet, errors, type JWTVerifyGetKey } from 'jose';
import { ApiError } from '../../api-error.ts';
import type { Logger } from '../../core/log.ts';
import type { OidcSettings } from './auth-config.ts';
import { fetchKeySet } from './key-set.ts';

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
/** Keys that an issuer has withdrawn are taken for so long, and a little longer while it is fetched. */
const REFRESHED_AFTER_MS = 5 * MINUTE_MS;
/** While the issuer is away its last keys are good; not for ever, since it could have withdrawn them. */
const KEPT_AT_MOST_MS = 24 * 60 * MINUTE_MS;
/** Whoever sends made-up key ids makes the issuer be asked at most so often. */
const ASKED_AT_MOST_EVERY_MS = 5 * SECOND_MS;
const ASKED_AGAIN_AFTER_FAILURE_MS = 2 * SECOND_MS;

export interface IssuerKeysDeps {
  readonly settings: OidcSettings;
  readonly log: Logger;
  readonly now: () => Date;
}

export interface IssuerKeys {
  /** For jose: the key that a token names. Throws ISSUER_UNAVAILABLE when the keys cannot be had, so that it cannot be told. */
  readonly keyOf: JWTVerifyGetKey;
  /** Fetches the keys before they are needed. A failure is logged, and the first token tries again. */
  readonly prefetch: () => void;
}

type KeySet = ReturnType<typeof createLocalJWKSet>;

/** The issuer's public keys: fetched when they are needed, again for an unknown key id, and now and then beside the requests. */
export function issuerKeys({ settings, log, now }: IssuerKeysDeps): IssuerKeys {
  let keys: KeySet | undefined;
  let fetchedAt = Number.NEGATIVE_INFINITY;
  let failed: { readonly at: number; readonly error: ApiError } | undefined;
  let fetching: Promise<KeySet> | undefined;

  return {
    prefetch: refreshBeside,
    async keyOf(header, token) {
      const known = await knownKeys();
      try {
        return await known(header, token);
      } catch (error) {
        const mayBeNew = error instanceof errors.JWKSNoMatchingKey && ageMs() >= ASKED_AT_MOST_EVERY_MS;
        if (!mayBeNew) throw error;
        return (await refresh())(header, token);
      }
    },
  };

  async function knownKeys(): Promise<KeySet> {
    if (!keys || ageMs() > KEPT_AT_MOST_MS) return refresh();
    if (ageMs() > REFRESHED_AFTER_MS) refreshBeside();
    return keys;
  }

  function refreshBeside(): void {
    refresh().catch(() => undefined); // it is logged, and the next token tries again
  }

  /** One fetch for all who wait for it; after a failure none for a moment. */
  async function refresh(): Promise<KeySet> {
    if (failed && now().getTime() - failed.at < ASKED_AGAIN_AFTER_FAILURE_MS) throw failed.error;
    fetching ??= fetchKeys().finally(() => {
      fetching = undefined;
    });
    return fetching;
  }

  async function fetchKeys(): Promise<KeySet> {
    try {
      keys = createLocalJWKSet(await fetchKeySet(settings));
    } catch (err) {
      log.warn({ err }, 'Could not get the keys of the issuer; the next token tries again');
      failed = {
        at: now().getTime(),
        error: new ApiError('ISSUER_UNAVAILABLE', 'The keys of the issuer cannot be had', { cause: err }),
      };
      throw failed.error;
    }
    if (failed) log.info('The issuer of the tokens answers again');
    failed = undefined;
    fetchedAt = now().getTime();
    return keys;
  }

  function ageMs(): number {
    return now().getTime() - fetchedAt;
  }
}
