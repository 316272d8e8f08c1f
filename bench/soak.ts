import { parseArgs } from 'node:util';
import { npmScript } from '../dev/npm-script.ts';
import type { LoadReply, LoadRequest } from './programs/http-load.ts';
import { POST_ORDER, startApi } from './support/api-rig.ts';
import { describeEnvironment } from './support/environment.ts';
import { startWorker } from './support/processes.ts';
import { openRelayRig } from './support/relay-rig.ts';
import { openServer } from './support/server.ts';
import { compareQuarters, type SoakSample, sampleSoak } from './support/soak-samples.ts';
import { SoakTrouble } from './support/soak-trouble.ts';
import { quantile } from './support/statistics.ts';

// npm run soak -- --seconds 3600 --rate 200: whether anything grows that should not. Orders come in at a steady pace, each minute a
// message is parked and the one before it is dropped, and what was published leaves after a minute. docs/delivery.md has what it said.

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '3600' },
    rate: { type: 'string', default: '200' },
    // Until as many rows leave as come: the minute, and two rounds.
    'warm-up': { type: 'string', default: '240' },
  },
});
const seconds = Number(values.seconds);
const rate = Number(values.rate);
const warmUpMs = 1_000 * Number(values['warm-up']);
const SAMPLE_EVERY_MS = 5_000;
const TURN_SECONDS = 60;

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    throw new Error(`Stopped by ${signal}`);
  });
}

const server = await openServer({ max_wal_size: '1GB', checkpoint_timeout: '5min' });
const rig = await openRelayRig({ server, env: { OUTBOX_RETENTION: '1m' } });
const load = startWorker('load', 'bench/programs/http-load.ts');
const { port, service: api } = await startApi('api', npmScript('api'), server);
const relay = rig.startRelay();
const samples: SoakSample[] = [];
const took: number[] = [];
try {
  await relay.untilReady(`${rig.relayUrl}/health/ready`);
  await server.db.query('TRUNCATE outbox');
  const trouble = new SoakTrouble(server.db);
  const startedAt = performance.now();
  const sampling = setInterval(() => {
    if (performance.now() - startedAt < warmUpMs) return;
    sampleSoak(server.db, { relay: relay.pid, api: api.pid }).then(
      (sample) => samples.push(sample),
      (error: unknown) => console.error('no sample:', error),
    );
  }, SAMPLE_EVERY_MS);
  const endsAt = startedAt + warmUpMs + 1_000 * seconds;
  while (performance.now() < endsAt) {
    await trouble.parkOne();
    const forSeconds = Math.min(TURN_SECONDS, Math.ceil((endsAt - performance.now()) / 1_000));
    const request: LoadRequest = {
      ...POST_ORDER,
      port,
      connections: 16,
      count: rate * forSeconds,
      perSecond: rate,
    };
    const { latencyMs } = await load.ask<LoadReply>(request);
    took.push(quantile([...latencyMs], 0.99));
    const last = samples.at(-1);
    console.log(`p99 of POST ${took.at(-1)?.toFixed(1)} ms, ${last ? JSON.stringify(last) : 'warming up'}`);
  }
  clearInterval(sampling);
  const { lines, isFlat } = compareQuarters(samples);
  const { commit, machine, at } = describeEnvironment(server.version);
  console.log(
    `\n${seconds} s at ${rate} orders a second, ${trouble.parked} messages parked; ${commit}, ${machine}, ${at}\n`,
  );
  console.log(lines.join('\n'));
  console.log(isFlat ? 'FLAT' : 'NOT FLAT');
  if (!isFlat) process.exitCode = 1;
} finally {
  await relay.stop();
  await api.stop();
  await load.stop();
  await rig.close();
}
