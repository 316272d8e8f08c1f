import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type TestContext, test } from 'node:test';
import { connect, failureCode, openBroker } from './support.ts';

const mainFile = new URL('../../../dev/service-bus/main.ts', import.meta.url).pathname;

test('the process says when it is ready, serves the project\u2019s entities, and ends with 0 when asked to', async (t) => {
  const { connectionString, process } = await startProcess(t);
  const client = connect(t, connectionString);

  await client.createSender('orders').sendMessages({ messageId: 'm1', body: 'x' });
  const [message] = await client
    .createReceiver('orders', 'all')
    .receiveMessages(1, { maxWaitTimeInMs: 5_000 });
  await client.close();
  process.kill('SIGTERM');
  const [code] = await once(process, 'exit');

  assert.equal(message?.messageId, 'm1');
  assert.equal(code, 0);
});

test('the journal of a process is read over HTTP and in its file, also after a kill', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'service-bus-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'journal.jsonl');
  const { connectionString, control, process } = await startProcess(t, ['--journal-file', file]);
  const client = connect(t, connectionString);
  const sender = client.createSender('orders');
  for (const messageId of ['m1', 'm2', 'm1'])
    await sender.sendMessages({ messageId, body: Buffer.from(messageId) });

  const overHttp = jsonLines(await (await fetch(`${control}/journal?from=2`)).text());
  await client.close();
  process.kill('SIGKILL');
  await once(process, 'exit');
  const inFile = jsonLines(readFileSync(file, 'utf8'));

  assert.deepEqual(overHttp, inFile.slice(1));
  assert.deepEqual(
    inFile.map(({ arrival, messageId, duplicate, body }) => [arrival, messageId, duplicate, body]),
    [
      [1, 'm1', false, 'bTE='],
      [2, 'm2', false, 'bTI='],
      [3, 'm1', true, 'bTE='],
    ],
  );
});

for (const { wrong, reason } of [
  { wrong: ['--port', 'many'], reason: /--port must be a whole number, not 'many'/ },
  {
    wrong: ['--limit', 'idle=1'],
    reason: /--limit idle=1 must be NAME=NUMBER, with one of connections, credits/,
  },
]) {
  test(`${wrong.join(' ')} ends the process at once with the reason`, async (t) => {
    const process = spawnMain(t, wrong);
    const errors = createInterface(process.stderr);
    const lines: string[] = [];
    errors.on('line', (line) => lines.push(line));

    const [code] = await once(process, 'close');

    assert.equal(code, 1);
    assert.match(lines.join('\n'), reason);
  });
}

test('a limit can be another than the service\u2019s', async (t) => {
  const { connectionString } = await startProcess(t, ['--limit', 'creditsPerSecond=1']);
  const sender = connect(t, connectionString).createSender('orders-queue');
  const batch = Array.from({ length: 10 }, () => ({ body: 'x' }));

  const sends = await Promise.allSettled([1, 2, 3, 4].map(() => sender.sendMessages(batch)));

  // They may lie on both sides of a second's end.
  assert.ok(sends.filter(({ status }) => status === 'rejected').length >= 2);
});

test('faults are injected and healed over HTTP', async (t) => {
  const bus = await openBroker(t, { queues: [{ name: 'q' }] });
  const sender = connect(t, bus.connectionString).createSender('q');
  const faults = `http://localhost:${bus.healthPort}/faults`;

  const injected = await fetch(faults, {
    method: 'POST',
    body: JSON.stringify({ kind: 'busy', entity: 'q' }),
  });
  const { id } = (await injected.json()) as { id: number };
  const code = await failureCode(sender.sendMessages({ body: 'x' }));
  const listed: unknown = await (await fetch(faults)).json();
  await fetch(`${faults}/${id}`, { method: 'DELETE' });
  await sender.sendMessages({ body: 'x' });

  assert.equal(code, 'ServiceBusy');
  assert.deepEqual(listed, [{ id, hits: 1, kind: 'busy', entity: 'q' }]);
});

for (const [fault, problem] of [
  [{ kind: 'bussy' }, /There is no fault 'bussy'/],
  [{ kind: 'busy', at: 'attach' }, /'busy' cannot strike at 'attach'/],
  [{ kind: 'busy', times: 0, often: 1 }, /\/often: Unexpected property; \/times: Expected integer/],
] as const) {
  test(`the fault ${JSON.stringify(fault)} is refused, with what is wrong`, async (t) => {
    const bus = await openBroker(t, {});

    const response = await fetch(`http://localhost:${bus.healthPort}/faults`, {
      method: 'POST',
      body: JSON.stringify(fault),
    });

    assert.equal(response.status, 400);
    assert.match(await response.text(), problem);
  });
}

test('health is told at the emulator\u2019s path', async (t) => {
  const bus = await openBroker(t, {});

  const response = await fetch(`http://localhost:${bus.healthPort}/health`);

  assert.equal(response.status, 200);
  assert.equal(((await response.json()) as { status: string }).status, 'healthy');
});

test('a broker frees its ports when it is closed, with clients connected and twice', async (t) => {
  const bus = await openBroker(t, { queues: [{ name: 'q' }] });
  const client = connect(t, bus.connectionString);
  await client.createSender('q').sendMessages({ body: 'x' });
  await client.close();

  await Promise.all([bus.close(), bus.close()]);
  const again = await openBroker(t, {}, { port: bus.port, healthPort: bus.healthPort });

  assert.equal(again.port, bus.port);
});

async function startProcess(t: TestContext, args: string[] = []) {
  const process = spawnMain(t, ['--port', '0', '--health-port', '0', ...args]);
  process.stderr.pipe(globalThis.process.stderr);
  const [line] = (await once(createInterface(process.stdout), 'line')) as [string];
  const [, connectionString, control] = /^Service Bus ready: (\S+) (\S+)\/health$/.exec(line) ?? [];
  assert.ok(connectionString && control, line);
  return { connectionString, control, process };
}

function spawnMain(t: TestContext, args: string[]) {
  const child = spawn(process.execPath, [mainFile, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  t.after(() => child.kill('SIGKILL'));
  return child;
}

function jsonLines(text: string): Record<string, unknown>[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}
