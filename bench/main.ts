import { parseArgs } from 'node:util';
import { apiAuth } from './figures/api-auth.ts';
import { apiCreate } from './figures/api-create.ts';
import { apiOverload } from './figures/api-overload.ts';
import { apiRead } from './figures/api-read.ts';
import { apiTraced } from './figures/api-traced.ts';
import { inboxDrain } from './figures/inbox-drain.ts';
import { inboxLatency } from './figures/inbox-latency.ts';
import { relayBig } from './figures/relay-big.ts';
import { relayConsole } from './figures/relay-console.ts';
import { relayDecode } from './figures/relay-decode.ts';
import { relayDrain } from './figures/relay-drain.ts';
import { relayFar } from './figures/relay-far.ts';
import { relayGrowth } from './figures/relay-growth.ts';
import { relayLatency } from './figures/relay-latency.ts';
import { relayPeer } from './figures/relay-peer.ts';
import { relayPolling } from './figures/relay-polling.ts';
import { relaySessions } from './figures/relay-sessions.ts';
import { relayTwo } from './figures/relay-two.ts';
import { steady } from './figures/steady.ts';
import { steadyFloor } from './figures/steady-floor.ts';
import { describeEnvironment } from './support/environment.ts';
import type { Figure, Sample } from './support/figure.ts';
import { type Line, linesOf, tableOf } from './support/report.ts';
import { measureRounds } from './support/rounds.ts';

// npm run bench [-- NAME ...] [--pairs N] [--size N]: docs/performance.md says how to read what it prints.

const figures: readonly Figure[] = [
  relayDrain,
  relayDecode,
  relayPeer,
  relayPolling,
  relayLatency,
  relayConsole,
  relayFar,
  relayBig,
  relayGrowth,
  relaySessions,
  inboxDrain,
  inboxLatency,
  apiCreate,
  apiRead,
  apiAuth,
  apiOverload,
  apiTraced,
  steady,
  steadyFloor,
  relayTwo,
];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { pairs: { type: 'string' }, size: { type: 'string' } },
});
const chosen = figures.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
const unknown = positionals.filter((name) => !figures.some((figure) => figure.name === name));
if (unknown.length > 0)
  throw new Error(
    `There is no figure ${unknown.join(', ')}, only: ${figures.map(({ name }) => name).join(', ')}`,
  );

// A failure ends what was started; a signal alone would leave PostgreSQL running.
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    throw new Error(`Stopped by ${signal}`);
  });
}

const lines: Line[] = [];
for (const figure of chosen) {
  try {
    const measured = await run(figure);
    for (const line of measured) console.log(JSON.stringify(line));
    lines.push(...measured);
  } catch (error) {
    // The others take an hour or two; what they measure is not lost with it.
    console.error(`${figure.name} failed:`, error);
    process.exitCode = 1;
  }
}
console.log(tableOf(lines));

async function run(figure: Figure): Promise<Line[]> {
  const size = wholeNumber(values.size) ?? figure.size;
  const pairs = wholeNumber(values.pairs) ?? figure.pairs ?? 5;
  console.log(`> ${figure.name} (${size}): ${figure.what}`);
  const open = await figure.open(size);
  try {
    const samples = await measureRounds(open, pairs, (side, round, sample) =>
      console.log(`  ${round === 0 ? 'warm-up' : `round ${round}`}, ${side}: ${described(sample)}`),
    );
    return linesOf(figure, open, samples, size, describeEnvironment(open.version));
  } finally {
    await open.close();
  }
}

function described({ values, cpu }: Sample): string {
  const texts = [
    ...Object.entries(values),
    ...Object.entries(cpu).map(([name, us]) => [`${name} us`, us] as const),
  ];
  return texts.map(([name, value]) => `${name} ${value.toFixed(value < 100 ? 2 : 0)}`).join(', ');
}

function wholeNumber(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^[1-9]\d*$/.test(text)) throw new TypeError(`'${text}' is not a whole number`);
  return Number(text);
}
