import { processCpuUs, startCpuMeter } from '../support/cpu.ts';
import type { Figure, Sample } from '../support/figure.ts';
import { fillOrders, type InboxRig, openInboxRig, type Queue, untilHandled } from '../support/inbox-rig.ts';
import { acceptedSince, percentiles } from '../support/latency.ts';
import { clockOffsetUs } from '../support/worker.ts';

const PER_SECOND = 200;
/** In which the inbox is compiled. */
const WARM_UP_MS = 5_000;
const QUEUES: readonly Queue[] = ['plain', 'sessions'];

export const inboxLatency: Figure = {
  name: 'inbox.latency',
  what: `from the moment the broker has accepted an event until its effect is committed, at ${PER_SECOND} events a second`,
  size: 10_000, // milliseconds
  async open(size) {
    const rig = await openInboxRig({ track_commit_timestamp: 'on' }, 1_000_000);
    return {
      sides: QUEUES.map((queue) => ({
        name: `inbox, ${queue}`,
        measure: () => measureLatency(rig, queue, size),
      })),
      comparisons: QUEUES.flatMap((queue) =>
        ['p50', 'p99'].map((value) => ({
          name: `${queue}: ${value}, ms`,
          value,
          ours: `inbox, ${queue}`,
        })),
      ),
      notes: ['a commit counts when its record is made; its flush, which comes then, is not in it'],
      version: rig.server.version,
      close: () => rig.close(),
    };
  },
};

async function measureLatency(rig: InboxRig, queue: Queue, ms: number): Promise<Sample> {
  const { server, broker, sender, brokerUrl: connectionString } = rig;
  const ordersIn = (time: number) => Math.ceil((PER_SECOND * time) / 2_000); // each has two events
  const orderIds = await fillOrders(server, ordersIn(WARM_UP_MS) + ordersIn(ms));
  const warmUp = orderIds.slice(0, ordersIn(WARM_UP_MS));
  const measured = orderIds.slice(warmUp.length);
  const inbox = rig.startInbox(queue);
  await inbox.untilReady(`${inbox.url}/health/ready`);
  const send = async (ids: readonly string[], handled: number) => {
    await sender.ask({ connectionString, queue, orderIds: ids, perSecond: PER_SECOND });
    await untilHandled(inbox, handled);
  };
  await send(warmUp, warmUp.length * 2);
  const total = await broker.ask<number>({ kind: 'total' });
  const count = measured.length * 2;
  const meter = startCpuMeter({ inbox: () => processCpuUs(inbox.pid), PostgreSQL: server.cpuUs });
  await send(measured, orderIds.length * 2);
  const cpu = meter(count);
  await inbox.stop();
  const accepted = await acceptedSince(broker, total, count);
  const { rows } = await server.db.query<{ id: string; at_us: number }>(
    `SELECT message_id AS id, (extract(epoch FROM pg_xact_commit_timestamp(xmin)) * 1000000)::float8 AS at_us
     FROM inbox WHERE aggregate_id = ANY ($1)`,
    [measured],
  );
  const offset = clockOffsetUs();
  const times = rows.map(({ id, at_us }) => (at_us - offset - (accepted.get(id) ?? Number.NaN)) / 1_000);
  if (times.length !== count) throw new Error(`${times.length} of ${count} messages are committed`);
  return { values: percentiles(times), cpu };
}
