import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Metered, processCpuUs, startCpuMeter } from '../support/cpu.ts';
import type { Figure, Sample } from '../support/figure.ts';
import { fillOutbox, prepareRows } from '../support/outbox-rows.ts';
import { startWorker } from '../support/processes.ts';
import { openServer, type Server } from '../support/server.ts';
import { untilSlot, untilStreaming } from '../support/slot.ts';

const SLOT = 'bench_decode';

export const relayDecode: Figure = {
  name: 'relay.decode',
  what: 'the same backlog through the stream and the decoder alone, beside what receives it and decodes nothing',
  size: 200_000,
  async open(size) {
    const server = await openServer();
    await prepareRows(server);
    const { rows } = await server.db.query<{ from: string }>(
      `SELECT lsn AS from FROM pg_create_logical_replication_slot('${SLOT}_first', 'pgoutput')`,
    );
    const backlog: Backlog = {
      server,
      count: size,
      from: rows[0]?.from ?? '',
      last: await fillOutbox(server, size),
    };
    const program = spawnSync('pg_recvlogical', ['--version'], { encoding: 'utf8' }).stdout?.trim();
    const received = program ? [{ name: 'pg_recvlogical', measure: () => withSlot(backlog, receive) }] : [];
    const besides = [...received, { name: 'library', measure: () => withSlot(backlog, decode('library')) }];
    return {
      sides: [{ name: 'relay', measure: () => withSlot(backlog, decode('relay')) }, ...besides],
      comparisons: besides.map(({ name }, index) => ({
        name,
        value: 'rate',
        ours: 'relay',
        beside: name,
        ...(index === 0 && { atLeast: 0.9, aim: 1 }),
      })),
      notes: [
        program
          ? `${program}, to nowhere`
          : 'pg_recvlogical is not here: pg-logical-replication with a plugin that decodes nothing',
      ],
      version: server.version,
      close: () => server.close(),
    };
  },
};

interface Backlog {
  readonly server: Server;
  readonly count: number;
  readonly from: string;
  /** A position before the last commit. */
  readonly last: string;
}

interface Reading extends Backlog {
  readonly others: ReturnType<typeof startCpuMeter>;
}

/** Each measurement reads a copy of the slot, since what reads a slot may move it. */
async function withSlot(backlog: Backlog, read: (reading: Reading) => Promise<Sample>): Promise<Sample> {
  const { db } = backlog.server;
  await db.query(`SELECT pg_copy_logical_replication_slot('${SLOT}_first', '${SLOT}')`);
  try {
    // From before the reader connects: the server decodes from the first moment on.
    return await read({ ...backlog, others: startCpuMeter({ PostgreSQL: backlog.server.cpuUs }) });
  } finally {
    await untilSlot(db, SLOT, 'NOT active');
    await db.query(`SELECT pg_drop_replication_slot('${SLOT}')`);
  }
}

const decode = (how: 'relay' | 'library') => async (backlog: Reading) => {
  const { server, count, from } = backlog;
  const decoder = startWorker('decoder', 'bench/programs/decoder.ts');
  const done = decoder.ask({ how, url: server.url, slot: SLOT, from, count });
  const sample = await timed(backlog, done, { reader: () => processCpuUs(decoder.pid) });
  await decoder.stop();
  return sample;
};

async function receive(backlog: Reading): Promise<Sample> {
  const child = spawn(
    'pg_recvlogical',
    [
      '-d',
      backlog.server.url,
      '--slot',
      SLOT,
      '--start',
      '--no-loop',
      '-f',
      '/dev/null',
      '--endpos',
      backlog.last,
    ].concat(['-o', 'proto_version=1', '-o', 'publication_names=order_outbox']),
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let errors = '';
  child.stderr.on('data', (text: Buffer) => {
    errors += text.toString();
  });
  const done = once(child, 'exit').then(([code]) => {
    if (code !== 0) throw new Error(`pg_recvlogical ended with ${code}: ${errors}`);
  });
  return timed(backlog, done, {}); // of a process that has ended, nobody knows what it used
}

async function timed(
  { server, count, others }: Reading,
  done: Promise<unknown>,
  reader: Metered,
): Promise<Sample> {
  const over = done.then(() =>
    Promise.reject(new Error('So small a backlog is over before it is seen to begin')),
  );
  over.catch(() => undefined); // only who still waits for the beginning is told
  const startedAt = await Promise.race([untilStreaming(server.db, SLOT), over]);
  const ours = startCpuMeter(reader);
  await done;
  const seconds = (performance.now() - startedAt) / 1_000;
  await sleep(100); // a server process that is ending is counted when it has ended
  return { values: { rate: count / seconds }, cpu: { ...ours(count), ...others(count) } };
}
