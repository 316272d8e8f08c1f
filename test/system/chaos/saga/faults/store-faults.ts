import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { StopMode } from '../../../../../dev/postgres.ts';
import type { FaultKind as BrokerFault, Fault } from '../../../../../dev/service-bus/faults.ts';
import { until } from '../../../../support/until.ts';
import type { Bite } from '../../faults/fault.ts';
import { type SagaFault, type SagaStage, unpublished } from './saga-stage.ts';

const server = { victim: () => 'postgres', excusesRepeats: true } as const;
const broker = { victim: () => 'broker', excusesRepeats: true } as const;
const SPRUNG_WITHIN_MS = 10_000;
const LOCKED_ORDERS = 30;
/** The broker counts no hits of what concerns all connections. */
const AT_ONCE: ReadonlySet<BrokerFault> = new Set([
  'freeze',
  'refuseConnections',
  'detachReceivers',
  'deafen',
]);

/** Of the database and of the broker, which are away, slow or deaf. */
export const storeFaults = {
  killPostgres: {
    ...server,
    label: 'kill -9 of PostgreSQL',
    weight: 2,
    kill: true,
    durationMs: [0, 3_000],
    run: (stage, { durationMs }) => restart(stage, 'kill', durationMs),
  },
  restartPostgres: {
    ...server,
    label: 'PostgreSQL away',
    weight: 2,
    durationMs: [1_000, 7_000],
    run: (stage, { durationMs }) => restart(stage, 'fast', durationMs),
  },
  terminatePools: {
    ...server,
    label: 'connections to PostgreSQL terminated',
    weight: 3,
    durationMs: [0, 0],
    async run({ rig }) {
      const { rowCount } = await rig.db.orders.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE backend_type = 'client backend' AND application_name NOT LIKE 'chaos-%' AND state <> 'idle'`,
      );
      return { bit: (rowCount ?? 0) > 0 };
    },
  },
  // It never arrives, on a connection that stays open: whether it was committed nobody can know.
  swallowedCommit: {
    ...server,
    label: 'swallowed: commit',
    weight: 3,
    durationMs: [0, 0],
    async run({ rig }) {
      // As pg binds it to the statement that is prepared under this name.
      const traps = rig.inboxes.map(({ toPostgres }) => toPostgres.swallow('\0commit\0'));
      const sprung = () => traps.some((trap) => trap.sprung);
      const bit = await until('it is swallowed', sprung, SPRUNG_WITHIN_MS).catch(() => false);
      for (const trap of traps) trap.sprung = true;
      return { bit };
    },
  },
  // Receptors wait for them, with their messages in hand.
  ordersLocked: {
    ...server,
    label: 'orders locked',
    weight: 3,
    durationMs: [500, 8_000],
    async run({ rig }, { durationMs }) {
      const holder = new pg.Client({
        connectionString: rig.postgres.url('orders'),
        application_name: 'chaos-holder',
      });
      holder.on('error', () => undefined); // with PostgreSQL its locks are gone
      try {
        await holder.connect();
        await holder.query('BEGIN');
        const { rowCount } = await holder.query(
          `SELECT FROM orders WHERE status = 'Pending' ORDER BY created_at DESC LIMIT ${LOCKED_ORDERS} FOR UPDATE SKIP LOCKED`,
        );
        await sleep(durationMs);
        await holder.query('COMMIT');
        return { bit: (rowCount ?? 0) > 0 };
      } finally {
        await holder.end().catch(() => undefined); // it may be gone already
      }
    },
  },
  brokerAway: brokerFault('broker away', 2, [1_000, 8_000], { kind: 'refuseConnections' }, true),
  brokerFreeze: brokerFault('broker frozen', 2, [1_000, 8_000], { kind: 'freeze' }),
  brokerAckLost: brokerFault('broker: answers to sends are lost', 2, [500, 4_000], {
    kind: 'ackLost',
    times: 3,
    probability: 0.3,
  }),
  brokerDropAfterStore: brokerFault('broker: connection lost after a send', 2, [500, 4_000], {
    kind: 'dropAfterStore',
    times: 3,
    probability: 0.3,
  }),
  brokerBusyAttach: brokerFault(
    'broker: too busy for new links',
    1,
    [1_000, 4_000],
    { kind: 'busyAttach' },
    true,
  ),
  receiversDetached: brokerFault('broker: receivers detached', 2, [0, 0], { kind: 'detachReceivers' }),
  receiversDeaf: brokerFault('broker: receivers deaf', 1, [0, 0], { kind: 'deafen' }),
} satisfies Record<string, SagaFault>;

async function restart({ rig }: SagaStage, mode: StopMode, downMs: number): Promise<Bite> {
  const bit = (await unpublished(rig)) > 0;
  try {
    await rig.postgres.stop(mode);
    await sleep(downMs);
  } finally {
    await rig.postgres.start();
  }
  return { bit };
}

/** One of the broker's own faults, with all connections to it cut where it is about new ones. */
function brokerFault(
  label: string,
  weight: number,
  durationMs: readonly [number, number],
  fault: Fault,
  cuts = false,
): SagaFault {
  return {
    ...broker,
    label,
    weight,
    durationMs,
    async run({ rig }, choice) {
      const heal = await rig.broker.inject({ seed: 1 + Math.floor(choice.dice * 1_000_000), ...fault });
      if (cuts) for (const { toBroker } of [...rig.relays, ...rig.inboxes]) toBroker.cut();
      await sleep(choice.durationMs);
      const struck = await heal();
      return { bit: struck || AT_ONCE.has(fault.kind) };
    },
  };
}
