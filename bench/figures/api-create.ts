import { spawnSync } from 'node:child_process';
import { npmScript } from '../../dev/npm-script.ts';
import type { WriteReply } from '../programs/order-writer.ts';
import { type Api, DATABASE_CONNECTIONS, measureRequests, POST_ORDER, startApi } from '../support/api-rig.ts';
import { startCpuMeter } from '../support/cpu.ts';
import type { Figure, Sample, Side } from '../support/figure.ts';
import { runPgbench } from '../support/pgbench.ts';
import { startWorker, type Worker } from '../support/processes.ts';
import { openServer, type Server } from '../support/server.ts';

export const apiCreate: Figure = {
  name: 'api.create',
  what: 'POST /api/orders with two items over 32 connections, beside the tutorial’s way and the bare rows',
  size: 5_000, // short turns, many rounds: what the machine does otherwise changes within seconds
  pairs: 12,
  async open(size) {
    const server = await openServer();
    const load = startWorker('load', 'bench/programs/http-load.ts');
    const writer = startWorker('writer', 'bench/programs/order-writer.ts');
    const api = await startApi('api', npmScript('api'), server);
    const tutorial = await startApi(
      'tutorial',
      { env: {}, args: ['bench/programs/tutorial-api.ts'] },
      server,
    );
    const pgbench = spawnSync('pgbench', ['--version'], { encoding: 'utf8' }).stdout?.trim();
    const measurePosts = async (one: Api) => {
      await emptyTables(server);
      return measureRequests(server, load, one, { ...POST_ORDER, count: size });
    };
    const rows: Side[] = [
      ...(pgbench ? [{ name: 'pgbench', measure: () => measurePgbench(server, size) }] : []),
      { name: 'pg', measure: () => measureWriter(server, writer, size) },
    ];
    return {
      sides: [
        { name: 'api', measure: () => measurePosts(api) },
        { name: 'tutorial', measure: () => measurePosts(tutorial) },
        ...rows,
      ],
      comparisons: [
        {
          name: 'a: the tutorial’s way',
          value: 'rate',
          ours: 'api',
          beside: 'tutorial',
          atLeast: 2.5,
          aim: 4,
        },
        ...rows.map(({ name }, index) => ({
          name: `b: ${name}`,
          value: 'rate',
          ours: 'api',
          beside: name,
          ...(index === 0 && { atLeast: 0.5, aim: 0.7 }),
        })),
      ],
      notes: [
        pgbench
          ? `${pgbench}, five prepared statements, ${DATABASE_CONNECTIONS} clients`
          : 'pgbench is not here: the plainest pg client, five prepared statements',
      ],
      version: server.version,
      async close() {
        for (const process of [api.service, tutorial.service, load, writer]) await process.stop();
        await server.close();
      },
    };
  },
};

async function measureWriter(server: Server, writer: Worker, count: number): Promise<Sample> {
  await emptyTables(server);
  const meter = startCpuMeter({ PostgreSQL: server.cpuUs });
  const { seconds, cpuUs } = await writer.ask<WriteReply>({
    url: server.url,
    connections: DATABASE_CONNECTIONS,
    count,
  });
  return { values: { rate: count / seconds }, cpu: { ...meter(count), pg: cpuUs / count } };
}

async function measurePgbench(server: Server, count: number): Promise<Sample> {
  await emptyTables(server);
  return runPgbench(server, 'order.pgbench.sql', { clients: DATABASE_CONNECTIONS, count });
}

async function emptyTables({ db }: Server): Promise<void> {
  await db.query('TRUNCATE orders, order_items, order_history, outbox');
  await db.query('CHECKPOINT');
}
