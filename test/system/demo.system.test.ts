import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { startProcess } from '../../dev/managed-process.ts';
import { answers, spawnNpm } from '../support/npm-process.ts';
import { until } from '../support/until.ts';

// Every demo of the tests is in this file, one after the other: they all prefer the same ports.

test('the demo shows the order, the rows and the event, and ends with 0', async () => {
  const demo = startProcess('demo', 'dev/demo.ts', {});

  const exitCode = await demo.exited;

  const output = demo.lines.join('\n');
  assert.equal(exitCode, 0, output);
  for (const shown of [
    /201 Created, Location: \/api\/orders\/[0-9a-f]{32}/,
    /totalAmount: 89\.97/,
    /lineTotal: 39\.98/,
    /lineTotal: 49\.99/,
    /processed_at: 2\d{3}-/,
    /messageId: '[0-9a-f-]{36}'/,
    /subject: 'OrderCreated'/,
    /correlationId: 'req-123'/,
    /causationId: '[0-9a-f-]{36}'/,
    /From COMMIT to the receiver: [\d.]+ ms/,
  ]) {
    assert.match(output, shown);
  }
  assertShows(demo.lines, shownInReadme());
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
    assert.equal(urls.length, 2);

    process.kill(target === 'npm alone' ? npm.pid : -npm.pid, signal);

    await npm.closed;
    assert.match(npm.output(), /Stopping everything/);
    for (const url of urls) assert.equal(await answers(`${url}/health/live`), false, url);
  });
}

/** The lines that README.md shows of it, without those left out. */
function shownInReadme(): string[] {
  const [, shown = ''] = /```text\n([\s\S]*?)\n```/.exec(readFileSync('README.md', 'utf8')) ?? [];
  const lines = shown.split('\n').filter((line) => line !== '...');
  assert.ok(lines.length > 10);
  return lines;
}

function assertShows(printed: readonly string[], shown: readonly string[]): void {
  const lines = printed.map(withoutChance);
  let from = 0;
  for (const line of shown.map(withoutChance)) {
    const at = lines.indexOf(line, from);
    assert.notEqual(at, -1, `not printed, or not in this order: ${line}`);
    from = at + 1;
  }
}

/** A line without what differs from run to run: ids, times, ports. */
function withoutChance(line: string): string {
  return line
    .replaceAll(/[0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'ID')
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME')
    .replaceAll(/127\.0\.0\.1:\d+/g, 'HOST')
    .replaceAll(/[\d.]+ ms/g, 'MS');
}
