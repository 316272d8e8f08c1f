import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Refusals } from '../../../src/admission/refusals.ts';
import { createLogger } from '../../../src/core/log.ts';

test('each refusal is counted, and one line tells of those of 10 s', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const lines: Record<string, unknown>[] = [];
  const destination = { write: (line: string) => lines.push(JSON.parse(line)) };
  const refusals = new Refusals(createLogger({ level: 'debug', service: 'test', destination }));

  assert.equal(refusals.refuse('in-flight').code, 'OVERLOADED');
  refusals.refuse('in-flight');
  refusals.refuse('connection-wait');
  assert.equal(lines.length, 0);
  t.mock.timers.tick(10_000);
  refusals.refuse('in-flight');
  t.mock.timers.tick(10_000);
  t.mock.timers.tick(10_000);

  assert.deepEqual(refusals.counts, { 'in-flight': 3, 'connection-wait': 1 });
  assert.deepEqual(
    lines.map(({ level, msg, refused }) => [level, msg, refused]),
    [
      ['warn', 'Overloaded; requests refused within 10 s: 3', { 'in-flight': 2, 'connection-wait': 1 }],
      ['warn', 'Overloaded; requests refused within 10 s: 1', { 'in-flight': 1, 'connection-wait': 0 }],
    ],
  );
});
