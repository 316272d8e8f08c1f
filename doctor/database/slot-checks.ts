import { hasUnsettled } from '../../relay/outbox/has-unsettled.ts';
import { inspectCluster } from '../../relay/recovery/cluster.ts';
import { findSetBack, NOTHING_SEEN } from '../../relay/recovery/database-identity.ts';
import { ProgressStore } from '../../relay/recovery/progress-store.ts';
import type { SlotFailover } from '../../relay/recovery/slot-failover.ts';
import { decideStart, RECOVERY_REASONS, type StartDecision } from '../../relay/recovery/start-decision.ts';
import { RelayError } from '../../relay/relay-error.ts';
import { inspectPublication } from '../../relay/replication/publication.ts';
import { inspectSlot, type SlotInfo } from '../../relay/replication/slot.ts';
import { inspectSlotWal, type SlotWal, walWarning } from '../../relay/replication/slot-wal.ts';
import { type Check, check } from '../check.ts';
import { type Judgement, right, risky, wrong } from '../finding.ts';
import type { RelayDatabase } from './relay-database.ts';

const MB = 1024 * 1024;
const START = 'npm run relay';

/** `slot`: undefined, there is none; a text: why this relay must not touch it. */
export function judgeSlot(slot: SlotInfo | string | undefined, name: string): Judgement {
  if (typeof slot === 'string') return wrong(slot, `export RELAY_SLOT=${name}_2`);
  if (!slot) return risky(`there is no slot ${name}: no relay has been here yet, or it was dropped`, START);
  if (slot.lost)
    return wrong(
      `PostgreSQL has thrown away WAL that ${name} needs; a relay that starts makes it anew and loses nothing`,
      START,
    );
  return slot.active
    ? right(`a relay streams from ${name}`)
    : risky(`no relay streams from ${name}, and it keeps WAL`, START);
}

/** `failover`: undefined, the server has none, or there is no slot to look at. */
export function judgeFailover(failover: boolean | undefined, setting: SlotFailover): Judgement {
  if (failover === undefined || setting === 'off') return right('no stand-by is to have a copy of the slot');
  return failover
    ? right('stand-bys that synchronize slots have a copy')
    : risky('no stand-by has a copy of the slot: a relay that starts alters it', START);
}

export function judgeWal(wal: SlotWal | undefined, walLimitMb: number): Judgement {
  if (!wal) return right('there is no slot, so it keeps nothing');
  const retainedMb = Math.round(wal.retainedBytes / MB);
  const warning = walWarning(wal);
  const isBeyond = wal.status !== 'reserved' && wal.status !== 'extended';
  if (warning !== undefined) return (isBeyond ? wrong : risky)(warning);
  return retainedMb > walLimitMb / 2
    ? risky(`the slot keeps ${retainedMb} MB; RELAY_WAL_LIMIT_MB is ${walLimitMb}`)
    : right(`the slot keeps ${retainedMb} MB`);
}

/** What the next start of a relay would do. */
export function judgeProgress({ setBack, isActive, start }: ProgressFacts): Judgement {
  if (setBack !== undefined)
    return wrong(
      `this is not the database that the relay has worked on: ${setBack}`,
      'npm run outbox -- confirm',
    );
  // What that relay has confirmed since its last mark, it alone knows.
  if (isActive) return right('a relay works on it');
  return start.kind === 'stream'
    ? right('a relay that starts goes on where it was')
    : risky(`a relay that starts settles the table first: ${RECOVERY_REASONS[start.reason]}`);
}

export interface ProgressFacts {
  readonly setBack: string | undefined;
  /** A relay has the slot. */
  readonly isActive: boolean;
  readonly start: StartDecision;
}

export const slotChecks: readonly Check<RelayDatabase>[] = [
  check('slot', findSlot, (slot, relay) => judgeSlot(slot, relay.slot)),
  check('slot failover', findSlot, (slot, { slotFailover }) =>
    judgeFailover(typeof slot === 'object' ? slot.failover : undefined, slotFailover),
  ),
  check(
    'WAL kept',
    ({ pool, slot }) => inspectSlotWal(pool, slot),
    (wal, { walLimitMb }) => judgeWal(wal, walLimitMb),
  ),
  check('progress', askProgress, judgeProgress),
];

async function findSlot({ pool, slot }: RelayDatabase): Promise<SlotInfo | string | undefined> {
  try {
    return await inspectSlot(pool, slot);
  } catch (error) {
    if (error instanceof RelayError && error.code === 'SLOT_UNUSABLE') return error.message;
    throw error;
  }
}

async function askProgress({ pool, slot, table, publication }: RelayDatabase): Promise<ProgressFacts> {
  const info = await inspectSlot(pool, slot);
  const progress = await new ProgressStore(pool, table).find(slot);
  const cluster = await inspectCluster(pool);
  return {
    setBack: findSetBack(cluster, progress, NOTHING_SEEN),
    isActive: info?.active === true,
    start: decideStart({
      slot: info,
      progress,
      publicationVersion: (await inspectPublication(pool, publication, table)).version,
      recoveryRequested: false,
      tableHasUnsettled: await hasUnsettled(pool, table),
      lastConfirmed: 0n,
      walEnd: cluster.walEnd,
    }),
  };
}
