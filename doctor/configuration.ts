import { relayConfig } from '../relay/config.ts';
import { apiConfig } from '../src/config.ts';
import { loadConfig } from '../src/core/config.ts';
import { inboxConfig } from '../src/inbox/config.ts';
import { reasonOf } from './check.ts';
import { cannotTell, type Finding, type Judgement, right, wrong } from './finding.ts';

/** The processes that can be looked at. */
export const HALVES = ['api', 'relay', 'inbox'] as const;
export type Half = (typeof HALVES)[number];

export interface Configuration {
  readonly api: ReturnType<typeof loadConfig<typeof apiConfig>> | undefined;
  readonly relay: ReturnType<typeof loadConfig<typeof relayConfig>> | undefined;
  readonly inbox: ReturnType<typeof loadConfig<typeof inboxConfig>> | undefined;
  readonly findings: readonly Finding[];
}

const GROUP = 'Configuration';
/** What nobody sets who has no such process. */
const OWN = { relay: /^(RELAY_|OUTBOX_|SERVICEBUS_(ENTITY|SESSIONS)$)/, inbox: /^INBOX_SUBSCRIPTIONS/ };

/** What is configured of these processes. Of relay and inbox there is nothing to see without a variable of their own; an inbox, many do without. */
export function examineConfiguration(env: NodeJS.ProcessEnv, halves?: readonly Half[]): Configuration {
  const findings: Finding[] = [];
  const load = <S extends typeof apiConfig | typeof relayConfig | typeof inboxConfig>(
    half: Half,
    schema: S,
  ) => {
    if (!(halves ?? configuredHalves(env)).includes(half)) {
      if (half === 'inbox' && !halves) return undefined;
      tell(
        half,
        cannotTell(`not looked at: ${halves ? 'nobody asked' : 'nothing here is configured for it'}`),
      );
      return undefined;
    }
    try {
      const config = loadConfig(schema, env);
      tell(half, right('every variable is as it must be'));
      return config;
    } catch (error) {
      tell(half, wrong(reasonOf(error).replace(/^Bad configuration:\n/, '')));
      return undefined;
    }
  };
  const tell = (check: string, judgement: Judgement) => findings.push({ group: GROUP, check, ...judgement });
  return {
    api: load('api', apiConfig),
    relay: load('relay', relayConfig),
    inbox: load('inbox', inboxConfig),
    findings,
  };
}

function configuredHalves(env: NodeJS.ProcessEnv): Half[] {
  const names = Object.keys(env).filter((name) => env[name]);
  const has = (own: RegExp) => names.some((name) => own.test(name));
  const receives = has(OWN.inbox);
  // The broker is the relay's, unless somebody else has a use for it.
  const sends = has(OWN.relay) || (!receives && has(/^SERVICEBUS_/));
  return HALVES.filter((half) => half === 'api' || (half === 'relay' ? sends : receives));
}
