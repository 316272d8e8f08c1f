import { parseArgs } from 'node:util';
import { readLimits } from './limits.ts';
import { openServiceBus } from './service-bus.ts';

// A local Service Bus in a process of its own: node dev/service-bus/main.ts [--config FILE] [--port N] ...
// It prints one line when clients can connect, and ends with 0 when it is asked to stop.

const { values } = parseArgs({
  options: {
    config: { type: 'string' },
    host: { type: 'string' },
    port: { type: 'string' },
    'health-port': { type: 'string' },
    'sas-key': { type: 'string' },
    'journal-file': { type: 'string' },
    /** How many journal entries are kept in memory; 0 only counts. */
    'journal-keep': { type: 'string' },
    /** A limit of the service that is to be another: NAME=NUMBER. */
    limit: { type: 'string', multiple: true, default: [] },
  },
});

const bus = await openServiceBus({
  ...given('configFile', values.config),
  ...given('host', values.host),
  ...given('port', wholeNumber('port')),
  ...given('healthPort', wholeNumber('health-port')),
  ...given('sasKey', values['sas-key']),
  limits: readLimits(values.limit),
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

function wholeNumber(name: 'port' | 'health-port' | 'journal-keep'): number | undefined {
  const text = values[name];
  if (text === undefined) return undefined;
  if (!/^\d+$/.test(text)) throw new TypeError(`--${name} must be a whole number, not '${text}'`);
  return Number(text);
}
