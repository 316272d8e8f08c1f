import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startProcess } from '../../dev/managed-process.ts';
import { until } from '../support/until.ts';

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
});

test('the demo that is kept goes on until it is interrupted, and prints how to reach it', async (t) => {
  const kept = startProcess('demo --keep', 'dev/demo.ts', {}, ['--keep']);
  t.after(() => kept.stop('SIGKILL'));

  const url = await until(
    'the addresses are printed',
    () => kept.lines.join('\n').match(/curl -i -X POST (\S+)\/api\/orders/)?.[1],
    30_000,
  );
  const live = await fetch(`${url}/health/live`);

  assert.equal(live.status, 200);
  assert.equal(await kept.stop('SIGINT'), 0, kept.lines.join('\n'));
  await assert.rejects(fetch(`${url}/health/live`));
});
