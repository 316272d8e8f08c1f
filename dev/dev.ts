import { setTimeout as sleep } from 'node:timers/promises';
import { addresses } from './addresses.ts';
import { commandLine } from './command-line.ts';
import { type ConsoleControl, openConsoleControl } from './console-control.ts';
import { openDevFolder } from './dev-folder.ts';
import { type ManagedProcess, startScript } from './managed-process.ts';
import { tailOrders } from './order-tail.ts';
import { readableLog } from './readable-log.ts';
import { runRestarted } from './restarted-process.ts';
import { openStack, type Stack } from './stack.ts';
import { stopRequest } from './stop-request.ts';
import { USUAL_PORTS } from './usual-ports.ts';

const USAGE = `The whole stack in one terminal: npm run dev [-- OPTION ...]
A process starts again when its source changes, and the database is kept between runs.

  --reset      start with an empty database
  --auth       ask for tokens, of an issuer on this machine
  --inbox      receive events too, which INBOX_SUBSCRIPTIONS in the environment also asks for
  --any-ports  leave the usual ports to others
`;

const { values: flags } = commandLine(USAGE, {
  options: {
    reset: { type: 'boolean', default: false },
    auth: { type: 'boolean', default: false },
    inbox: { type: 'boolean', default: false },
    'any-ports': { type: 'boolean', default: false },
  },
});
const say = readableLog('dev', 'green');
const stopped = stopRequest();
const stopping = new AbortController();
let stack: Stack | undefined;
let control: ConsoleControl | undefined;
let postgresRuns: Promise<void> = Promise.resolve();
try {
  await run();
} catch (error) {
  say(`Failed: ${(error as Error).message}`);
  process.exitCode = 1;
} finally {
  await postgresRuns;
  if (stack) say('Stopping everything');
  stopping.abort();
  await control?.close();
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
      // Tells when a transaction committed, for the time until its event is in Service Bus.
      settings: { track_commit_timestamp: 'on' },
      onEnded: (how) => {
        postgresRuns = restartPostgres(how);
      },
    },
    auth: flags.auth,
    ...(!flags['any-ports'] && { preferredPorts: USUAL_PORTS }),
  });
  const subscriptions = process.env['INBOX_SUBSCRIPTIONS'];
  const receives = flags.inbox || Boolean(subscriptions);
  say(receives ? 'Starting the api, the relay and the inbox' : 'Starting the api and the relay');
  void tailOrders(stack, readableLog('bus', 'yellow'), stopping.signal);
  let relayProcess: ManagedProcess | undefined;
  control = await openConsoleControl({ stack, killRelay: () => void relayProcess?.stop('SIGKILL') });
  void sayWhenReady(stack, control, receives);
  const { api } = stack.environment;
  const relay = { ...stack.environment.relay, RELAY_CONSOLE_DEV_URL: control.url };
  const inbox = { ...stack.environment.inbox, ...(subscriptions && { INBOX_SUBSCRIPTIONS: subscriptions }) };
  const logs = {
    api: readableLog('api', 'cyan'),
    relay: readableLog('relay', 'magenta'),
    inbox: readableLog('inbox', 'blue'),
  };
  const programs = [
    { name: 'api', folders: ['src'], start: () => startScript('api', api, logs.api), say },
    {
      name: 'relay',
      folders: ['relay', 'src/core'],
      start: () => (relayProcess = startScript('relay', relay, logs.relay)),
      say,
    },
    ...(receives
      ? [{ name: 'inbox', folders: ['src'], start: () => startScript('inbox', inbox, logs.inbox), say }]
      : []),
  ];
  await Promise.all(programs.map((program) => runRestarted(program, stopped)));
}

async function sayWhenReady(
  running: Stack,
  { url: controlUrl }: ConsoleControl,
  receives: boolean,
): Promise<void> {
  for (const url of [running.apiUrl, running.relayUrl, ...(receives ? [running.inboxUrl] : [])]) {
    while (!(await isReady(url))) await sleep(100);
  }
  console.log(addresses(running, controlUrl, { receives }));
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
