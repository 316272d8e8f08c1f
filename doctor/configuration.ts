import { relayConfig } from '../relay/config.ts';
import { apiConfig } from '../src/config.ts';
import { loadConfig } from '../src/core/config.ts';
import { reasonOf } from './check.ts';
import { cannotTell, type Finding, type Judgement, right, wrong } from './finding.ts';

export type Half = 'api' | 'relay';

export interface Configuration {
  readonly api: ReturnType<typeof loadConfig<typeof apiConfig>> | undefined;
  readonly relay: ReturnType<typeof loadConfig<typeof relayConfig>> | undefined;
  readonly findings: readonly Finding[];
}

const GROUP = 'Configuration';
const OF_RELAY = /^(RELAY_|SERVICEBUS_|OUTBOX_)/;

/** What is configured of these processes. Of the relay alone there is nothing to see without a variable of its own. */
export function examineConfiguration(env: NodeJS.ProcessEnv, halves?: readonly Half[]): Configuration {
  const findings: Finding[] = [];
  const load = <S extends typeof apiConfig | typeof relayConfig>(half: Half, schema: S) => {
    if (!(halves ?? configuredHalves(env)).includes(half)) {
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
  return { api: load('api', apiConfig), relay: load('relay', relayConfig), findings };
}

function configuredHalves(env: NodeJS.ProcessEnv): Half[] {
  const names = Object.keys(env).filter((name) => env[name]);
  return names.some((name) => OF_RELAY.test(name)) ? ['api', 'relay'] : ['api'];
}
