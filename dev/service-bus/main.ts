import { commandLine } from '../command-line.ts';
import { readLimits } from './limits.ts';
import { openServiceBus } from './service-bus.ts';

const USAGE = `A local Service Bus: npx node dev/service-bus/main.ts [OPTION ...]
It prints one line when clients can connect, and ends with 0 on Ctrl-C. dev/service-bus/README.md says more.

  --config FILE        the entities, in the form of Microsoft's emulator
  --host HOST          where it listens
  --port N             AMQP; 0 takes any that is free
  --health-port N      health, faults and journal, over HTTP
  --sas-key KEY        the key of RootManageSharedAccessKey
  --journal-file FILE  a JSON line for each message
  --journal-keep N     how many journal entries stay in memory; 0 only counts
  --limit NAME=N       a limit of the service that is to be another; may be given several times
`;

const { values, refuse } = commandLine(USAGE, {
  options: {
    config: { type: 'string' },
    host: { type: 'string' },
    port: { type: 'string' },
    'health-port': { type: 'string' },
    'sas-key': { type: 'string' },
    'journal-file': { type: 'string' },
    'journal-keep': { type: 'string' },
    limit: { type: 'string', multiple: true, default: [] },
  },
});

const bus = await openServiceBus({
  ...given('configFile', values.config),
  ...given('host', values.host),
  ...given('port', wholeNumber('port')),
  ...given('healthPort', wholeNumber('health-port')),
  ...given('sasKey', values['sas-key']),
  limits: limits(),
  journal: { ...given('file', values['journal-file']), ...given('keep', wholeNumber('journal-keep')) },
});

let stopping = false;
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.on(signal, () => {
    // A second signal does not wait; the ports are the kernel's to free.
    if (stopping) process.kill(process.pid, 'SIGKILL');
    stopping = true;
    // Nothing keeps the process then: it ends with 0 by itself.
    void bus.close();
  });
}
console.log(`Service Bus ready: ${bus.connectionString} http://localhost:${bus.healthPort}/health`);

function given<K extends string, V>(name: K, value: V | undefined): { [key in K]?: V } {
  return value === undefined ? {} : ({ [name]: value } as { [key in K]?: V });
}

function limits() {
  try {
    return readLimits(values.limit);
  } catch (error) {
    return refuse((error as Error).message);
  }
}

function wholeNumber(name: 'port' | 'health-port' | 'journal-keep'): number | undefined {
  const text = values[name];
  if (text === undefined) return undefined;
  if (!/^\d+$/.test(text)) refuse(`--${name} must be a whole number, not '${text}'`);
  return Number(text);
}
