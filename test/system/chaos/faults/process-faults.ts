import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../../../support/until.ts';
import { failpoints } from '../failpoints.ts';
import type { Member } from '../member.ts';
import { healthOf } from '../rig.ts';
import { patchEnvironment } from '../source-patch-environment.ts';
import { type Bite, type FaultKind, relayRoles, type Stage, unsettled } from './fault.ts';
import { dropSlot } from './slot-faults.ts';

const relays = { victim: () => 'relays', excusesRepeats: true, durationMs: [0, 3_000] } as const;
const NOTHING: Bite = { bit: false };

export const processFaults = {
  killActiveRelay: {
    ...relays,
    label: 'kill -9 of the active relay',
    weight: 10,
    kill: true,
    async run(stage, { durationMs }) {
      const roles = await relayRoles(stage);
      if (!roles) return NOTHING;
      const bit = (await unsettled(stage)) > 0;
      return { bit, brokenAt: await killFor(roles.active.member, durationMs) };
    },
  },
  killStandbyRelay: {
    ...relays,
    label: 'kill -9 of the relay that stands by',
    weight: 1,
    kill: true,
    async run(stage, { durationMs }) {
      const roles = await relayRoles(stage);
      if (!roles) return NOTHING;
      return { bit: roles.standby.member.running, brokenAt: await killFor(roles.standby.member, durationMs) };
    },
  },
  killBothRelays: {
    ...relays,
    label: 'kill -9 of both relays',
    weight: 2,
    kill: true,
    async run(stage, { durationMs }) {
      const bit = (await unsettled(stage)) > 0;
      await Promise.all(stage.rig.relays.map(({ member }) => killFor(member, durationMs)));
      return { bit };
    },
  },
  stopRelay: {
    ...relays,
    label: 'SIGTERM to the active relay',
    weight: 4,
    excusesRepeats: false,
    async run(stage, { durationMs }) {
      const roles = await relayRoles(stage);
      if (!roles) return NOTHING;
      const bit = (await unsettled(stage)) > 0;
      const brokenAt = Date.now();
      await roles.active.member.stop('SIGTERM');
      await sleep(durationMs);
      roles.active.member.start();
      return { bit, brokenAt };
    },
  },
  pauseRelay: {
    ...relays,
    label: 'short pause of the active relay',
    weight: 3,
    durationMs: [200, 5_000],
    run: (stage, { durationMs }) => pauseActive(stage, durationMs, false),
  },
  pauseRelayLong: {
    ...relays,
    label: 'pause longer than the server waits',
    weight: 2,
    durationMs: [10_000, 13_000],
    run: (stage, { durationMs }) => pauseActive(stage, durationMs, true),
  },
  failpoint: {
    ...relays,
    label: 'relay dies at a failpoint',
    weight: 8,
    kill: true,
    durationMs: [15_000, 15_000],
    run: (stage, { dice, durationMs }) => {
      const names = failpoints.map(({ name }) => name).filter((name) => name !== 'during_recovery_scan');
      const name = names[Math.floor(dice * names.length)] ?? '';
      return dieAt(stage, `${name}:${1 + (Math.floor(dice * 997) % 40)}`, durationMs);
    },
  },
  recoveryFailpoint: {
    ...relays,
    label: 'relay dies while it settles the table',
    weight: 1,
    kill: true,
    victim: () => 'postgres',
    durationMs: [15_000, 15_000],
    run: (stage, { durationMs }) => dieAt(stage, 'during_recovery_scan:1', durationMs, () => dropSlot(stage)),
  },
  killApi: {
    label: 'kill -9 of an api',
    weight: 4,
    kill: true,
    durationMs: [0, 3_000],
    victim: ({ target }) => `api-${target}`,
    excusesRepeats: false,
    async run({ rig, clients }, { target, durationMs }) {
      const bit = clients.inFlightAt(target) > 0;
      const { member } = rig.apis[target] as Stage['rig']['apis'][number];
      return { bit, brokenAt: await killFor(member, durationMs) };
    },
  },
} satisfies Record<string, FaultKind>;

/** Returns when it was killed. */
async function killFor(member: Member, durationMs: number): Promise<number> {
  const killedAt = Date.now();
  await member.stop('SIGKILL');
  await sleep(durationMs);
  member.start();
  return killedAt;
}

async function pauseActive(stage: Stage, durationMs: number, takenOver: boolean): Promise<Bite> {
  const roles = await relayRoles(stage);
  if (!roles) return NOTHING;
  const bit = (await unsettled(stage)) > 0;
  const pausedAt = Date.now();
  roles.active.member.signal('SIGSTOP');
  await sleep(durationMs);
  roles.active.member.signal('SIGCONT');
  return takenOver ? { bit, brokenAt: pausedAt } : { bit };
}

/** Arms the relay that stands by, makes it the active one, and waits until it has killed itself there. */
async function dieAt(
  stage: Stage,
  failpoint: string,
  withinMs: number,
  provoke: () => Promise<unknown> = () => Promise.resolve(),
): Promise<Bite> {
  const roles = await relayRoles(stage);
  if (!roles) return NOTHING;
  const { active, standby } = roles;
  const armed = standby.member;
  await armed.stop('SIGKILL');
  const deaths = armed.ownEnds.kills;
  armed.start(patchEnvironment({ failpoint }));
  try {
    await until('it stands by', async () => (await healthOf(standby.url))?.state === 'standby', 60_000);
  } catch (error) {
    await killFor(armed, 0); // armed, it would die some other time, without a fault that tells why
    throw error;
  }
  await active.member.stop('SIGKILL');
  await provoke();
  const died = await until('it has died', () => armed.ownEnds.kills > deaths, withinMs).catch(() => false);
  active.member.start();
  if (!died) await killFor(armed, 0);
  return { bit: died };
}
