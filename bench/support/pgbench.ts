import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { startCpuMeter } from './cpu.ts';
import type { Sample } from './figure.ts';
import type { Server } from './server.ts';

export interface PgbenchRun {
  readonly clients: number;
  /** Transactions of all clients together. */
  readonly count: number;
  readonly variables?: Readonly<Record<string, number>>;
}

/** Transactions a second of this script of `bench/programs`, its statements prepared. */
export async function runPgbench(
  server: Server,
  script: string,
  { clients, count, variables = {} }: PgbenchRun,
): Promise<Sample> {
  const file = new URL(`../programs/${script}`, import.meta.url).pathname;
  const each = String(Math.ceil(count / clients));
  const set = Object.entries(variables).flatMap(([name, value]) => ['-D', `${name}=${value}`]);
  const meter = startCpuMeter({ PostgreSQL: server.cpuUs });
  const child = spawn(
    'pgbench',
    ['-n', '-M', 'prepared', '-c', String(clients), '-t', each, ...set, '-f', file, server.url],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (output += String(text)));
  await once(child, 'close');
  const rate = Number(/tps = ([\d.]+) \(without initial/.exec(output)?.[1]);
  if (!(rate > 0)) throw new Error(`pgbench:\n${output}`);
  return { values: { rate }, cpu: meter(count) };
}
