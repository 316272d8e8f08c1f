import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestEvent } from 'node:test/reporters';
import { watchReport } from './watch-report.ts';

const passed = (name: string, type = 'test') => event('test:pass', { name, details: { type } });
const failed = (name: string, cause: unknown) =>
  event('test:fail', { name, file: 'test/a.test.ts', details: { error: new Error('failed', { cause }) } });
const restarted = event('test:watch:restarted', undefined);
const drained = event('test:watch:drained', undefined);

test('a watched run is told by its failures and one line', async () => {
  const report = await reported(
    passed('first'),
    failed('second', 'not so'),
    passed('both', 'suite'),
    drained,
  );

  assert.match(report, /^\n✖ test\/a\.test\.ts: second\n'not so'\n\n✖ 1 passed, 1 failed\n$/);
});

test('each run is counted anew', async () => {
  const report = await reported(failed('first', 'not so'), drained, restarted, passed('first'), drained);

  assert.match(report, /✖ 0 passed, 1 failed\n\n✔ 1 passed, 0 failed\n$/);
});

test('of a run that a change has ended nothing is told', async () => {
  const report = await reported(
    failed('first', 'not so'),
    restarted,
    passed('late'),
    failed('<anonymous>', 'test failed'),
    passed('first'),
    drained,
  );

  assert.equal(report, '\n✔ 1 passed, 0 failed\n');
});

// As Node reports it, as far as it is looked at.
function event(type: string, data: unknown): TestEvent {
  return { type, data } as TestEvent;
}

async function reported(...events: TestEvent[]): Promise<string> {
  return (await Array.fromAsync(watchReport(ReadableStream.from(events)))).join('');
}
