import { spawnSync } from 'node:child_process';
import type { ReceiveReply } from '../programs/sdk-receiver.ts';
import { processCpuUs, startCpuMeter } from '../support/cpu.ts';
import type { Comparison, Figure, Sample, Side } from '../support/figure.ts';
import {
  CONCURRENCY,
  fillOrders,
  fillQueue,
  type InboxRig,
  measureInboxDrain,
  openInboxRig,
  type Queue,
} from '../support/inbox-rig.ts';
import { runPgbench } from '../support/pgbench.ts';
import { startWorker } from '../support/processes.ts';

const QUEUES: readonly Queue[] = ['plain', 'sessions'];

export const inboxDrain: Figure = {
  name: 'inbox.drain',
  what: 'a backlog in a queue until all of it is committed, beside the SDK that receives and completes, and beside the bare rows',
  size: 50_000,
  async open(size) {
    if (size % 2 === 1) throw new Error('Each order has two events: the size must be even');
    const rig = await openInboxRig();
    const pgbench = spawnSync('pgbench', ['--version'], { encoding: 'utf8' }).stdout?.trim();
    const sides = QUEUES.flatMap((queue): Side[] => [
      { name: `inbox, ${queue}`, measure: () => measureInboxDrain(rig, queue, size) },
      { name: `SDK, ${queue}`, measure: () => measureSdk(rig, queue, size) },
    ]);
    const rows = pgbench ? [{ name: 'pgbench', measure: () => measureRows(rig, size) }] : [];
    return {
      sides: [...sides, ...rows],
      comparisons: QUEUES.flatMap((queue): Comparison[] => [
        { name: `${queue}: the SDK alone`, value: 'rate', ours: `inbox, ${queue}`, beside: `SDK, ${queue}` },
        ...rows.map(({ name }) => ({
          name: `${queue}: pgbench`,
          value: 'rate',
          ours: `inbox, ${queue}`,
          beside: name,
        })),
        { name: `${queue}: peak memory, MiB`, value: 'peakMb', ours: `inbox, ${queue}` },
      ]),
      notes: [
        pgbench
          ? `${pgbench}, five prepared statements, ${CONCURRENCY} clients; wanted is 0.5 of the lesser of the two`
          : 'pgbench is not here',
      ],
      version: rig.server.version,
      close: () => rig.close(),
    };
  },
};

async function measureSdk(rig: InboxRig, queue: Queue, count: number): Promise<Sample> {
  await fillQueue(rig, queue, count);
  const receiver = startWorker('sdk', 'bench/programs/sdk-receiver.ts');
  const meter = startCpuMeter({ broker: () => processCpuUs(rig.broker.pid) });
  const { seconds, cpuUs } = await receiver.ask<ReceiveReply>({
    connectionString: rig.brokerUrl,
    queue,
    count,
    concurrency: CONCURRENCY,
  });
  await receiver.stop();
  return { values: { rate: count / seconds }, cpu: { sdk: cpuUs / count, ...meter(count) } };
}

async function measureRows({ server }: InboxRig, count: number): Promise<Sample> {
  await fillOrders(server, count / 2);
  return runPgbench(server, 'inbox.pgbench.sql', {
    clients: CONCURRENCY,
    count,
    variables: { orders: count / 2 },
  });
}
