import { setTimeout as sleep } from 'node:timers/promises';
import { addresses } from './addresses.ts';
import { commandLine } from './command-line.ts';
import { openDevFolder } from './dev-folder.ts';
import { startScript } from './managed-process.ts';
import { readableLog } from './readable-log.ts';
import { runRestarted } from './restarted-process.ts';
import { openStack, type Stack } from './stack.ts';
import { stopRequest } from './stop-request.ts';
import { USUAL_PORTS } from './usual-ports.ts';

const USAGE = `The whole stack in one terminal: npm run dev [-- OPTION ...]
A process starts again when its source changes, and the database is kept between runs.

  --reset      start with an empty database
  --auth       ask for tokens, of an issuer on this machine
  --any-ports  leave the usual ports to others
`;

const { values: flags } = commandLine(USAGE, {
  options: {
    reset: { type: 'boolean', default: false },
    auth: { type: 'boolean', default: false },
    'any-ports': { type: 'boolean', default: false },
  },
});
const say = readableLog('dev', 'green');
const stopped = stopRequest();
let stack: Stack | undefined;
let postgresRuns: Promise<void> = Promise.resolve();
try {
  await run();
} catch (error) {
  say(`Failed: ${(error as Error).message}`);
  process.exitCode = 1;
} finally {
  await postgresRuns;
  if (stack) say('Stopping everything');
  await stack?.close();
}
// It may still be waiting for an answer of a process that never became ready.
process.exit();

async function run(): Promise<void> {
  const folder = await openDevFolder({ reset: flags.reset });
  say(`The database is kept in ${folder}`);
  stack = await openStack({
    say,
    postgres: {
      keepIn: folder,
      onEnded: (how) => {
        postgresRuns = restartPostgres(how);
      },
    },
    auth: flags.auth,
    ...(!flags['any-ports'] && { preferredPorts: USUAL_PORTS }),
  });
  say('Starting the api and the relay');
  void sayWhenReady(stack);
  const { api, relay } = stack.environment;
  const logs = { api: readableLog('api', 'cyan'), relay: readableLog('relay', 'magenta') };
  const programs = [
    { name: 'api', folders: ['src'], start: () => startScript('api', api, logs.api), say },
    {
      name: 'relay',
      folders: ['relay', 'src/core'],
      start: () => startScript('relay', relay, logs.relay),
      say,
    },
  ];
  await Promise.all(programs.map((program) => runRestarted(program, stopped)));
}

async function sayWhenReady(running: Stack): Promise<void> {
  for (const url of [running.apiUrl, running.relayUrl]) {
    while (!(await isReady(url))) await sleep(100);
  }
  console.log(addresses(running));
}

async function restartPostgres(how: number | string): Promise<void> {
  say(`PostgreSQL has ended with ${how}; it is started again`);
  try {
    await stack?.postgres.start();
    say('PostgreSQL runs again');
  } catch (error) {
    say(
      `${(error as Error).message}\nStop this with Ctrl-C and start it again, with -- --reset if that fails too`,
    );
  }
}

async function isReady(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/health/ready`, { signal: AbortSignal.timeout(2_000) })).ok;
  } catch {
    return false; // it has not come so far, or has ended
  }
}
