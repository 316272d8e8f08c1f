import { setTimeout as sleep } from 'node:timers/promises';
import { SLOT } from '../rig.ts';
import { type Bite, type FaultKind, type Stage, succeeds, unsettled } from './fault.ts';

const server = { victim: () => 'postgres', excusesRepeats: true, durationMs: [0, 0] } as const;

export const slotFaults = {
  dropSlot: {
    ...server,
    label: 'slot dropped',
    weight: 3,
    run: dropSlot,
  },
  advanceSlot: {
    ...server,
    label: 'slot advanced by somebody',
    weight: 2,
    run: (stage) => takeSlot(stage, 'SELECT pg_replication_slot_advance($1, pg_current_wal_lsn())'),
  },
  recreateSlot: {
    ...server,
    label: 'slot made anew by somebody',
    weight: 2,
    run: async (stage) => {
      const dropped = await dropSlot(stage);
      if (!dropped.bit) return dropped;
      // A relay may have been faster; then it has made it itself, and that is the fault above.
      const made = await attempt(stage, "SELECT pg_create_logical_replication_slot($1, 'pgoutput')");
      return { bit: made };
    },
  },
} satisfies Record<string, FaultKind>;

/** Drops it, whoever has it. */
export function dropSlot(stage: Stage): Promise<Bite> {
  return takeSlot(stage, 'SELECT pg_drop_replication_slot($1)');
}

/** Takes the slot away from the relay that has it, and does something to it before one gets it back. */
async function takeSlot(stage: Stage, sql: string): Promise<Bite> {
  for (let tries = 0; tries < 50; tries++) {
    const bit = (await unsettled(stage)) > 0;
    const free = `SELECT pg_terminate_backend(active_pid, 1000) FROM pg_replication_slots WHERE slot_name = $1 AND active`;
    await attempt(stage, free);
    if (await attempt(stage, sql)) return { bit };
    await sleep(20);
  }
  return { bit: false };
}

/** False: somebody was faster, or PostgreSQL is away. */
async function attempt({ rig }: Stage, sql: string): Promise<boolean> {
  return succeeds(rig.db.query(sql, [SLOT]));
}
