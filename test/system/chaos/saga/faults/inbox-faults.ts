import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../../../../support/until.ts';
import type { Bite, Choice } from '../../faults/fault.ts';
import { patchEnvironment } from '../../source-patch-environment.ts';
import { inboxFailpoints } from '../inbox-failpoints.ts';
import type { InboxNode } from '../saga-rig.ts';
import { inHand, oneOf, type SagaFault, type SagaStage, unpublished } from './saga-stage.ts';

/** In the order of `SagaRig.inboxes`. */
const INBOXES = 5;
const RELAYS = 3;

const inbox = {
  victim: ({ dice }: Choice) => `inbox ${Math.floor(dice * INBOXES)}`,
  excusesRepeats: true,
  durationMs: [0, 2_000],
} as const;

export const inboxFaults = {
  killInbox: {
    ...inbox,
    label: 'kill -9 of an inbox',
    weight: 6,
    kill: true,
    run: (stage, choice) => downFor(stage, choice, 'SIGKILL'),
  },
  failpoint: {
    ...inbox,
    label: 'inbox dies at a failpoint',
    weight: 6,
    kill: true,
    durationMs: [15_000, 15_000],
    async run(stage, choice) {
      const { member } = inboxOf(stage, choice);
      const { name } = oneOf(inboxFailpoints, (choice.dice * 997) % 1);
      const passing = 1 + Math.floor(((choice.dice * 9_973) % 1) * 20);
      await member.stop('SIGKILL');
      const deaths = member.ownEnds.kills;
      member.start(patchEnvironment({ failpoint: `${name}:${passing}` }));
      const died = await until('it has died', () => member.ownEnds.kills > deaths, choice.durationMs).catch(
        () => false,
      );
      // Armed, it would die some other time, without a fault that tells why.
      if (!died) await member.stop('SIGKILL');
      member.start();
      return { bit: died };
    },
  },
  stopInbox: {
    ...inbox,
    label: 'SIGTERM to an inbox',
    weight: 2,
    run: (stage, choice) => downFor(stage, choice, 'SIGTERM'),
  },
  pauseInbox: {
    ...inbox,
    label: 'inbox frozen for a while',
    weight: 2,
    durationMs: [200, 3_000],
    run: pause,
  },
  // Its locks are lost, and others have what it is in the middle of.
  pauseInboxLong: {
    ...inbox,
    label: 'inbox frozen for longer than a lock lasts',
    weight: 4,
    durationMs: [6_000, 9_000],
    run: pause,
  },
  killRelay: {
    label: 'kill -9 of a relay',
    weight: 3,
    kill: true,
    durationMs: [0, 2_000],
    victim: ({ dice }) => `relay ${Math.floor(dice * RELAYS)}`,
    excusesRepeats: true,
    async run({ rig }, { dice, durationMs }) {
      const bit = (await unpublished(rig)) > 0;
      const { member } = oneOf(rig.relays, dice);
      await member.stop('SIGKILL');
      await sleep(durationMs);
      member.start();
      return { bit };
    },
  },
  killApi: {
    label: 'kill -9 of the api',
    weight: 1,
    kill: true,
    durationMs: [0, 1_000],
    victim: () => 'api',
    excusesRepeats: true,
    async run({ rig, clients }, { durationMs }) {
      const bit = clients.inFlightAt(0) > 0;
      await rig.api.member.stop('SIGKILL');
      await sleep(durationMs);
      rig.api.member.start();
      return { bit };
    },
  },
} satisfies Record<string, SagaFault>;

function inboxOf({ rig }: SagaStage, { dice }: Choice): InboxNode {
  return oneOf(rig.inboxes, dice);
}

async function downFor(stage: SagaStage, choice: Choice, signal: NodeJS.Signals): Promise<Bite> {
  const victim = inboxOf(stage, choice);
  const bit = (await inHand(victim)) > 0;
  await victim.member.stop(signal);
  await sleep(choice.durationMs);
  victim.member.start();
  return { bit };
}

async function pause(stage: SagaStage, choice: Choice): Promise<Bite> {
  const victim = inboxOf(stage, choice);
  const bit = (await inHand(victim)) > 0;
  victim.member.signal('SIGSTOP');
  await sleep(choice.durationMs);
  victim.member.signal('SIGCONT');
  return { bit };
}
