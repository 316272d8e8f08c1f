import assert from 'node:assert/strict';
import { test } from 'node:test';
import { freePort } from '../../dev/free-port.ts';
import { openServiceBus } from '../../dev/service-bus/service-bus.ts';
import { cleanup } from '../support/cleanup.ts';
import { createStack } from '../support/stack.ts';

test('two stacks run side by side', async (t) => {
  const stacks = await Promise.all([createStack(t), createStack(t)]);

  const ports = stacks.flatMap(({ postgres, bus }) => [postgres.port, bus.port, bus.healthPort]);
  assert.equal(new Set(ports).size, 6);
});

test('a stack takes the ports that it prefers, that of the faults too; and others where they are taken', async (t) => {
  const bus = await openServiceBus({ port: await freePort(), healthPort: await freePort(), namespace: {} });
  cleanup(t, () => bus.close());
  const free = await freePort();

  const ports = (faults: number) => ({
    api: 0,
    relay: 0,
    inbox: 0,
    postgres: 0,
    bus: bus.port,
    issuer: 0,
    faults,
  });
  const { bus: first } = await createStack(t, { preferredPorts: ports(free) });
  const { bus: second } = await createStack(t, { preferredPorts: ports(bus.healthPort) });

  assert.notEqual(first.port, bus.port);
  assert.equal(first.healthPort, free);
  assert.notEqual(second.healthPort, bus.healthPort);
});
