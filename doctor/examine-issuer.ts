import type { ApiConfig } from '../src/config.ts';
import { oidcSettings } from '../src/http/auth/auth-config.ts';
import { fetchKeySet } from '../src/http/auth/key-set.ts';
import { type Check, examine } from './check.ts';
import { type Finding, type Judgement, right, risky, wrong } from './finding.ts';

const GROUP = 'Who may call the api';
/** Two questions of 5 s each. */
const LIMITS = { eachMs: 12_000, allMs: 12_000 };

const issuer: Check<ApiConfig> = { name: 'issuer', look: askIssuer };

/** Whether an issuer is set, and whether its keys can be had from here. Never rejects. */
export function examineIssuer(config: ApiConfig): Promise<Finding[]> {
  return examine(GROUP, config, [issuer], LIMITS);
}

async function askIssuer(config: ApiConfig): Promise<Judgement> {
  const settings = oidcSettings(config);
  if (!settings) return risky('the api is open: whoever reaches it may read, create and cancel every order');
  try {
    const { keys } = await fetchKeySet(settings);
    return right(`${settings.issuer} publishes ${keys.length} keys`);
  } catch (error) {
    return wrong(
      `the keys of ${settings.issuer} cannot be had: ${error instanceof Error ? error.message : String(error)}`,
      `curl -s ${settings.issuer.replace(/\/$/, '')}/.well-known/openid-configuration`,
    );
  }
}
