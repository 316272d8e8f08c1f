import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../../../support/until.ts';
import { type FaultKind, type Stage, terminate } from './fault.ts';
import { dropSlot } from './slot-faults.ts';

const SPRUNG_WITHIN_MS = 10_000;

// A message to PostgreSQL that never arrives, on a connection that stays open: every wait for an answer has to end by itself.
export const swallowedFaults = {
  swallowedStart: swallowed('START_REPLICATION', (stage) =>
    terminate(stage, "backend_type = 'walsender' AND application_name = 'relay'"),
  ),
  swallowedSlot: swallowed('CREATE_REPLICATION_SLOT', dropSlot),
  swallowedClaim: swallowed('pg_try_advisory_lock', dropSlot),
  // As pg binds it to the statement that is prepared under this name.
  swallowedMark: swallowed('\0mark\0', () => Promise.resolve()),
} satisfies Record<string, FaultKind>;

function swallowed(text: string, provoke: (stage: Stage) => Promise<unknown>): FaultKind {
  return {
    label: `swallowed: ${text.replaceAll('\0', '')}`,
    weight: 1,
    durationMs: [2_000, 10_000],
    victim: () => 'postgres',
    excusesRepeats: true,
    async run(stage, { durationMs }) {
      const traps = stage.rig.relays.map(({ toPostgres }) => toPostgres.swallow(text));
      await provoke(stage);
      const sprung = () => traps.some((trap) => trap.sprung);
      const bit = await until('it is swallowed', sprung, SPRUNG_WITHIN_MS).catch(() => false);
      await sleep(durationMs);
      for (const trap of traps) trap.sprung = true;
      return { bit };
    },
  };
}
