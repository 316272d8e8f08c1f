import { setTimeout as sleep } from 'node:timers/promises';
import type { StopMode } from '../../../../dev/postgres.ts';
import { type Bite, type FaultKind, type Stage, terminate, unsettled } from './fault.ts';

const server = { victim: () => 'postgres', excusesRepeats: true } as const;

export const postgresFaults = {
  killPostgres: {
    ...server,
    label: 'kill -9 of PostgreSQL',
    weight: 3,
    kill: true,
    durationMs: [0, 3_000],
    run: (stage, { durationMs }) => restart(stage, 'kill', durationMs),
  },
  crashPostgres: {
    ...server,
    label: 'immediate stop of PostgreSQL',
    weight: 1,
    kill: true,
    durationMs: [0, 3_000],
    run: (stage, { durationMs }) => restart(stage, 'immediate', durationMs),
  },
  restartPostgres: {
    ...server,
    label: 'fast stop of PostgreSQL',
    weight: 2,
    durationMs: [0, 3_000],
    run: (stage, { durationMs }) => restart(stage, 'fast', durationMs),
  },
  terminateWalsender: {
    ...server,
    label: 'walsender terminated',
    weight: 5,
    durationMs: [0, 0],
    run: (stage) => terminate(stage, "backend_type = 'walsender' AND application_name = 'relay'"),
  },
  terminatePools: {
    ...server,
    label: 'connections of the pools terminated',
    weight: 4,
    durationMs: [0, 0],
    run: (stage) =>
      terminate(
        stage,
        "backend_type = 'client backend' AND application_name NOT LIKE 'chaos-%' AND pid <> pg_backend_pid()",
      ),
  },
} satisfies Record<string, FaultKind>;

async function restart(stage: Stage, mode: StopMode, downMs: number): Promise<Bite> {
  const { postgres, apis } = stage.rig;
  const inFlight = apis.some((_, api) => stage.clients.inFlightAt(api) > 0);
  const bit = inFlight || (await unsettled(stage)) > 0;
  try {
    await postgres.stop(mode);
    await sleep(downMs);
  } finally {
    await postgres.start();
  }
  return { bit };
}
