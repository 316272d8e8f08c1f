import type { Destination } from '../../relay/publishing/service-bus/destination.ts';
import type { EntityFacts } from '../../relay/publishing/service-bus/inspect-entity.ts';
import { type Check, knownCheck } from '../check.ts';
import { judgeClock } from '../clock.ts';
import { type Judgement, right, risky, wrong } from '../finding.ts';

export interface Entity {
  readonly facts: EntityFacts;
  readonly destination: Destination;
  /** RELAY_WAL_LIMIT_MINUTES: the longest outage that is planned for. */
  readonly outageMinutes: number;
}

const MB = 1024 * 1024;

export const JUDGES = {
  status: ({ facts, destination }) => {
    const off = [{ name: destination.entity, status: facts.status }, ...facts.receivedFrom].find(
      ({ status }) => status !== 'Active',
    );
    return off
      ? wrong(`${off.name} is ${off.status}`, az(facts, destination, 'update', '--status Active'))
      : right('Active');
  },
  subscriptions: ({ facts: { kind, receivedFrom }, destination }) =>
    receivedFrom.length === 0
      ? wrong(
          'the topic has no subscription, and forgets what it is sent',
          `az servicebus topic subscription create ${WHERE} --topic-name ${destination.entity} --name SUBSCRIPTION`,
        )
      : right(kind === 'queue' ? 'a queue needs none' : receivedFrom.map(({ name }) => name).join(', ')),
  sessions: ({ facts: { kind, receivedFrom }, destination }) => {
    const namesOf = (requires: boolean) =>
      receivedFrom.flatMap(({ name, requiresSession }) => (requiresSession === requires ? [name] : []));
    const required = namesOf(true).join(', ');
    if (!destination.sessions) {
      return required === ''
        ? right('off, and nobody requires them')
        : wrong(
            `${required} requires sessions and SERVICEBUS_SESSIONS is off: every message is ${kind === 'queue' ? 'refused' : 'dead-lettered there'}`,
            'export SERVICEBUS_SESSIONS=true',
          );
    }
    const without = namesOf(false).join(', ');
    return without === ''
      ? right('on, and required')
      : risky(
          `${without} does not require sessions: several receivers there see an order's events out of order`,
        );
  },
  'duplicate detection': ({ facts, destination, outageMinutes }) => {
    const minutes = facts.duplicateWindowMs / 60_000;
    if (minutes === 0) {
      return risky(
        'it is off, and cannot be switched on later: a repeat after a fault reaches the receivers',
        az(facts, destination, 'create', `--enable-duplicate-detection true ${window(outageMinutes)}`),
      );
    }
    return minutes < outageMinutes
      ? risky(
          `its window is ${minutes} min, and RELAY_WAL_LIMIT_MINUTES plans for an outage of ${outageMinutes}`,
          az(facts, destination, 'update', window(outageMinutes)),
        )
      : right(`its window is ${minutes} min`);
  },
  partitioning: ({ facts: { partitioned } }) =>
    partitioned
      ? risky(
          'the entity is partitioned: it refuses batches that others take, and the relay sends single messages',
        )
      : right('off'),
  size: ({ facts: { usedBytes, maxBytes, maxMessageBytes } }) => {
    const share = Math.round((100 * usedBytes) / maxBytes);
    const told = `${share} % of ${Math.round(maxBytes / MB)} MB are taken`;
    const message = maxMessageBytes ? `; a message may have ${Math.round(maxMessageBytes / 1024)} KB` : '';
    if (share >= 95) return wrong(`${told}: nobody receives, and sends are refused soon`);
    return share >= 75 ? risky(`${told}: somebody has to receive`) : right(told + message);
  },
  'dead letters': ({ facts: { receivedFrom } }) => {
    const dead = receivedFrom.filter(({ deadLetters }) => deadLetters > 0);
    return dead.length === 0
      ? right('none')
      : risky(
          `${dead.map(({ name, deadLetters }) => `${deadLetters} of ${name}`).join(', ')}: no receiver took them`,
        );
  },
  clock: ({ facts: { clock } }) =>
    clock ? judgeClock(clock.there - clock.here) : right('the service does not tell its time'),
} satisfies Record<string, (entity: Entity) => Judgement>;

export const entityChecks: readonly Check<Entity>[] = Object.entries(JUDGES).map(([name, judge]) =>
  knownCheck(name, judge),
);

/** Of every command for Azure: what the configuration does not say. */
export const WHERE = '--resource-group GROUP --namespace-name NAMESPACE';

function az({ kind }: EntityFacts, { entity }: Destination, verb: string, options: string): string {
  return `az servicebus ${kind} ${verb} ${WHERE} --name ${entity} ${options}`;
}

function window(minutes: number): string {
  return `--duplicate-detection-history-time-window PT${minutes}M`;
}
