import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { type TestContext, test } from 'node:test';
import { cleanup } from '../../support/cleanup.ts';
import { until } from '../../support/until.ts';
import { FaultProxy } from './fault-proxy.ts';

/** A server that sends back what it gets, behind a proxy, and a client of it. */
async function stage(t: TestContext) {
  const server = createServer((socket) => socket.on('error', () => undefined).pipe(socket)); // it is cut off on purpose
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const proxy = await FaultProxy.open('test', (server.address() as AddressInfo).port);
  cleanup(t, () => server.close());
  cleanup(t, () => proxy.close());
  const client = async () => {
    const socket = connect(proxy.port, 'localhost');
    cleanup(t, () => socket.destroy());
    let heard = '';
    socket.on('data', (chunk) => {
      heard += chunk;
    });
    socket.on('error', () => undefined); // what was heard, and that it is closed, is what counts
    await once(socket, 'connect');
    return { socket, heard: () => heard };
  };
  return { proxy, client };
}

test('without a fault everything passes, and an end is passed on', async (t) => {
  const { client } = await stage(t);
  const { socket, heard } = await client();

  socket.end('hello');
  await once(socket, 'close');

  assert.equal(heard(), 'hello');
});

test('what is held back arrives after it is healed, whole and in order', async (t) => {
  const { proxy, client } = await stage(t);
  const { socket, heard } = await client();

  proxy.hold();
  socket.write('one ');
  const late = await client();
  late.socket.write('late');
  socket.write('two');
  await until('it has arrived at the proxy', () => socket.bytesWritten === 7);
  assert.deepEqual([heard(), late.heard()], ['', '']);
  proxy.heal();

  await until('all has arrived', () => heard() === 'one two' && late.heard() === 'late');
});

test('a silent connection stays open and carries nothing, a new one works, and healing resets the silent one', async (t) => {
  const { proxy, client } = await stage(t);
  const silent = await client();
  silent.socket.write('before');
  await until('the connection is through', () => silent.heard() === 'before');

  proxy.silence(['toClient']);
  silent.socket.write('after');
  const other = await client();
  other.socket.write('other');
  await until('the new one works', () => other.heard() === 'other');
  assert.equal(silent.heard(), 'before');
  assert.equal(silent.socket.destroyed, false);
  proxy.heal();

  await until('it is reset', () => silent.socket.destroyed);
});

test('a connection is cut after exactly so many bytes', async (t) => {
  const { proxy, client } = await stage(t);
  const { socket, heard } = await client();
  socket.write('a');
  await until('the connection is through', () => heard() === 'a');

  proxy.cutAfter(3, 'toServer');
  socket.write('bcdefgh');
  await until('it is cut', () => socket.destroyed);

  assert.ok('abcd'.startsWith(heard()), heard());
});

test('cutting closes every socket, also of a connection that one side had ended', async (t) => {
  const { proxy, client } = await stage(t);
  const { socket, heard } = await client();
  socket.write('x');
  await until('the connection is through', () => heard() === 'x');

  proxy.hold();
  socket.end('y');
  proxy.cut();

  await until('it is closed', () => socket.destroyed);
});

test('a message that is swallowed never arrives, nor what comes after it on its connection; the next connection works', async (t) => {
  const { proxy, client } = await stage(t);
  const first = await client();
  const second = await client();

  const trap = proxy.swallow('START');
  first.socket.write('before ');
  await until('what came before has arrived', () => first.heard() === 'before ');
  first.socket.write('please START now');
  await until('it is swallowed', () => trap.sprung);
  first.socket.write('after');
  second.socket.write('START');

  await until('the other one has arrived', () => second.heard() === 'START');
  assert.equal(first.heard(), 'before ');
  assert.equal(first.socket.destroyed, false);
});
