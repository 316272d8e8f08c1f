import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createConnection } from 'node:net';
import { test } from 'node:test';
import rhea, { type Connection, type ConnectionOptions, type EventContext } from 'rhea';
import { until } from '../../support/until.ts';
import { connect, openBroker } from './support.ts';

test('a client that says nothing for too long is told so and let go', async (t) => {
  const bus = await openBroker(t, {}, { idleTimeoutMs: 50 });
  const connection = openConnection(t.after.bind(t), bus.port, {});
  let condition: string | undefined;
  connection.on('connection_error', ({ error }: EventContext) => {
    condition = error !== undefined && 'condition' in error ? String(error.condition) : undefined;
  });
  await until('the connection is open', () => connection.is_open());

  // What it still writes, heartbeats too, does not leave its process.
  connection['socket'].cork();

  await until('the broker has closed the connection', () => condition !== undefined);
  assert.equal(condition, 'amqp:resource-limit-exceeded');
});

test('a client that has nothing to say stays connected by its heartbeats', async (t) => {
  const bus = await openBroker(t, { queues: [{ name: 'q' }] }, { idleTimeoutMs: 50 });
  const sender = connect(t, bus.connectionString).createSender('q');
  const silentSince = performance.now();
  await sender.sendMessages({ body: 'x' });

  await until('several idle times have gone by', () => performance.now() - silentSince > 400);
  bus.faults.inject({ kind: 'refuseConnections' });

  // The connection of before: a new one would be refused.
  await sender.sendMessages({ body: 'x' });
  assert.equal(bus.journal.total, 2);
});

for (const mechanism of ['ANONYMOUS', 'MSSBCBS', 'EXTERNAL']) {
  test(`the SASL mechanism ${mechanism} is let in`, async (t) => {
    const bus = await openBroker(t, {});
    const start = (respond: (error: undefined, response: string) => void) => respond(undefined, '');

    const connection = openConnection(t.after.bind(t), bus.port, {
      sasl_mechanisms: { [mechanism]: () => ({ start }) },
    });

    await until('the connection is open', () => connection.is_open());
    assert.equal(connection.container_id, 'sbemulatorns');
  });
}

test('a client that speaks something else loses its connection, and nobody else does', async (t) => {
  t.mock.method(console, 'error', () => undefined);
  const bus = await openBroker(t, { queues: [{ name: 'q' }] });
  const sender = connect(t, bus.connectionString).createSender('q');
  await sender.sendMessages({ body: 'x' });

  const socket = createConnection({ port: bus.port, host: 'localhost' });
  t.after(() => socket.destroy());
  socket.resume().write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await once(socket, 'end');

  await sender.sendMessages({ body: 'x' });
  assert.equal(bus.journal.total, 2);
});

function openConnection(after: (close: () => void) => void, port: number, options: object): Connection {
  const container = rhea.create_container();
  const connection = container.connect({
    host: 'localhost',
    port,
    reconnect: false,
    ...options,
  } as ConnectionOptions);
  for (const event of ['connection_error', 'disconnected']) connection.on(event, () => undefined);
  after(() => connection['socket'].destroy());
  return connection;
}
