import { setTimeout as sleep } from 'node:timers/promises';
import type { StopMode } from '../../../../dev/postgres.ts';
import { until } from '../../../support/until.ts';
import { type Bite, type FaultKind, type Stage, succeeds, unsettled } from './fault.ts';

const server = { victim: () => 'postgres', excusesRepeats: true } as const;
let columns = 0;

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
  addColumn: {
    ...server,
    label: 'column added to the outbox',
    weight: 1,
    durationMs: [0, 0],
    excusesRepeats: false,
    async run(stage) {
      const bit = (await unsettled(stage)) > 0;
      // Behind a transaction that is open, it would wait with everybody else behind it.
      const sql = `SET LOCAL lock_timeout = '200ms'; ALTER TABLE outbox ADD COLUMN chaos_${++columns} text`;
      await until('the column is added', () => succeeds(stage.rig.db.query(sql)));
      return { bit };
    },
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

async function terminate(stage: Stage, which: string): Promise<Bite> {
  const waiting = await unsettled(stage);
  const { rowCount } = await stage.rig.db.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE ${which}`,
  );
  return { bit: (rowCount ?? 0) > 0 && waiting > 0 };
}
