import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { startProcess } from '../../dev/managed-process.ts';
import { answers, spawnNpm } from '../support/npm-process.ts';
import { until } from '../support/until.ts';

// Every demo of the tests is in this file, one after the other: they all prefer the same ports.

test('the demo shows in ten lines the order, its rows, its event and where the time went, and ends with 0', async () => {
  const demo = startProcess('demo', 'dev/demo.ts', {});

  const exitCode = await demo.exited;

  const output = demo.lines.join('\n');
  assert.equal(exitCode, 0, output);
  for (const shown of [
    /^POST \/api\/orders +201 Created, Location: \/api\/orders\/[0-9a-f]{32}$/m,
    /^orders +[0-9a-f]{32} of cust-123: 89\.97, Pending$/m,
    /^order_items +prod-456 2 × 19\.99 = 39\.98, prod-789 1 × 49\.99 = 49\.99$/m,
    /^outbox +OrderCreated [0-9a-f-]{36}, published$/m,
    /^topic orders +OrderCreated [0-9a-f-]{36}, correlation id req-123$/m,
    /^request → committed +█+ +[\d.]+ ms$/m,
    /^From the request to the receiver: [\d.]+ ms$/m,
  ]) {
    assert.match(output, shown);
  }
  assert.deepEqual(demo.lines.map(withoutChance), shownInReadme().map(withoutChance));
});

test('the demo of the saga tells how three orders end, that the stock adds up, and ends with 0', async () => {
  const demo = startProcess('demo --saga', 'dev/demo.ts', {}, ['--saga']);

  const exitCode = await demo.exited;

  const output = demo.lines.join('\n');
  assert.equal(exitCode, 0, output);
  for (const shown of [
    /^Paid +[0-9a-f]{8}… of 2 × prod-456, 39\.98$/m,
    /^ +events +OrderCreated → InventoryReserved → PaymentProcessed → OrderPaid, in \d+ ms$/m,
    /^ +end +PaymentProcessed: Payment \S+ of 39\.98$/m,
    /^ +events +OrderCreated → InventoryInsufficient → OrderCancelled, in \d+ ms$/m,
    /^ +end +Cancelled: Out of stock: prod-789 \(51 requested, 50 available\)$/m,
    /^ +events +OrderCreated → InventoryReserved → PaymentFailed → .*OrderCancelled.*, in \d+ ms$/m,
    /^In stock +prod-456 98 and 2 reserved, prod-789 50\. It adds up$/m,
  ]) {
    assert.match(output, shown);
  }
});

test('the demo that is verbose shows every row and all of the event too', async () => {
  const demo = startProcess('demo --verbose', 'dev/demo.ts', {}, ['--verbose']);

  const exitCode = await demo.exited;

  const output = demo.lines.join('\n');
  assert.equal(exitCode, 0, output);
  for (const shown of [
    /^> Starting PostgreSQL, with wal_level=logical$/m,
    /totalAmount: 89\.97/,
    /processed_at: 2\d{3}-/,
    /messageId: '[0-9a-f-]{36}'/,
    /causationId: '[0-9a-f-]{36}'/,
    /^From the request to the receiver: [\d.]+ ms$/m,
  ]) {
    assert.match(output, shown);
  }
});

test('the demo that is kept goes on until it is interrupted, and prints how to reach it', async (t) => {
  const kept = startProcess('demo --keep', 'dev/demo.ts', {}, ['--keep']);
  t.after(() => kept.stop('SIGKILL'));

  const url = await until(
    'the addresses are printed',
    () => kept.lines.join('\n').match(/curl -i -X POST (\S+)\/api\/orders/)?.[1],
  );
  const live = await fetch(`${url}/health/live`);

  assert.equal(live.status, 200);
  assert.equal(await kept.stop('SIGINT'), 0, kept.lines.join('\n'));
  await assert.rejects(fetch(`${url}/health/live`));
});

test('the demo that is kept says a line for each event, and starts a relay again that was killed', async (t) => {
  const kept = startProcess('demo --keep', 'dev/demo.ts', {}, ['--keep']);
  t.after(() => kept.stop('SIGKILL'));
  const curl = await until('the request is printed', () => kept.lines.find((line) => /^ +curl/.test(line)));
  const place = () => spawnSync('sh', ['-c', curl], { encoding: 'utf8' });
  const event = /^[0-9a-f]{4}… cust-123 89\.97 → OrderCreated on orders in [\d.]+ ms$/;
  const events = () => kept.lines.filter((line) => event.test(line)).length;
  const controlUrl = kept.lines.map((line) => /control +(http\S+)/.exec(line)?.[1]).find(Boolean) ?? '';

  assert.match(place().stdout, /^HTTP\/1.1 201 /);
  await until('its event has a line', () => events() === 1);
  await fetch(`${controlUrl}/relay/kill`, { method: 'POST' });
  await until('the end of the relay is told', () =>
    kept.lines.some((line) => line.includes('ended with SIGKILL')),
  );
  place();

  await until('the event has a line once the relay is back', () => events() === 2);
  assert.equal(await kept.stop('SIGINT'), 0, kept.lines.join('\n'));
});

test('the demo that asks for tokens prints the command that makes one, and the request that it is good for', async (t) => {
  const kept = startProcess('demo --keep --auth', 'dev/demo.ts', {}, ['--keep', '--auth']);
  t.after(() => kept.stop('SIGKILL'));
  const printed = (start: string) => kept.lines.find((line) => line.trim().startsWith(start))?.trim();

  const curl = await until('the request is printed', () => printed('curl'));
  const withToken = spawnSync('sh', ['-c', `${printed('export TOKEN')}; ${curl}`], { encoding: 'utf8' });
  const without = spawnSync('sh', ['-c', `TOKEN=; ${curl}`], { encoding: 'utf8' });

  assert.match(withToken.stdout, /^HTTP\/1.1 201 /, withToken.stderr);
  assert.match(without.stdout, /^HTTP\/1.1 401 /);
  assert.equal(await kept.stop('SIGINT'), 0, kept.lines.join('\n'));
});

// npm passes a signal on to its shell alone, which the script does not replace by `exec`, so that it runs on Windows too.
for (const [signal, target] of [
  ['SIGTERM', 'npm alone'],
  ['SIGINT', 'the whole group'],
] as const) {
  const skip = process.platform === 'win32' && 'there are no signals';
  test(`${signal} to ${target} stops npm run demo -- --keep and all it started`, { skip }, async (t) => {
    const npm = spawnNpm(t, ['run', 'demo', '--', '--keep']);
    await until('the addresses are printed', () => npm.output().includes('Ctrl-C stops it'));
    const urls = [...npm.output().matchAll(/(http:\/\/127\.0\.0\.1:\d+)(?= |\/status)/g)].map(
      ([, url]) => url,
    );
    assert.equal(urls.length, 3, 'api, relay and control');

    process.kill(target === 'npm alone' ? npm.pid : -npm.pid, signal);

    await npm.closed;
    assert.match(npm.output(), /Stopping everything/);
    for (const url of urls) assert.equal(await answers(`${url}/health/live`), false, url);
  });
}

/** The lines that README.md shows of it. */
function shownInReadme(): string[] {
  const [, shown = ''] = /```text\n([\s\S]*?)\n```/.exec(readFileSync('README.md', 'utf8')) ?? [];
  return shown.split('\n');
}

/** A line without what differs from run to run: ids, times, ports. */
function withoutChance(line: string): string {
  return line
    .replaceAll(/[0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'ID')
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME')
    .replaceAll(/127\.0\.0\.1:\d+/g, 'HOST')
    .replaceAll(/ *█+ */g, ' BAR ')
    .replaceAll(/[\d.]+ ms/g, 'MS');
}
