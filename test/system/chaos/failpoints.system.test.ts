import assert from 'node:assert/strict';
import { test } from 'node:test';
import { insertEvent, untilAllMarked } from '../../support/relay.ts';
import { createStack } from '../../support/stack.ts';
import { until } from '../../support/until.ts';
import { failpoints } from './failpoints.ts';
import { patchEnvironment } from './source-patch-environment.ts';

const EVENTS = 40;

test('a relay that dies between any two of its steps loses nothing, changes no order, and repeats only what was in flight', async (t) => {
  const stack = await createStack(t);
  // The first start of all settles the table; what these are about is the stream.
  const first = stack.startRelay();
  await first.ready(`${stack.relayUrl}/health/ready`);
  assert.equal(await first.stop(), 0);
  let written = 0;
  for (const { name } of failpoints) {
    if (name === 'during_recovery_scan') {
      await stack.db.query('SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots');
    }
    for (let n = 0; n < EVENTS; n++) {
      await insertEvent(stack.db, 'Event', { aggregateId: `o${n % 3}`, body: `{"n": ${written++}}` });
    }
    const armed = stack.startRelay(patchEnvironment({ failpoint: name }));
    assert.equal(await armed.exited, 'SIGKILL', name);
    const successor = stack.startRelay();
    await successor.ready(`${stack.relayUrl}/health/ready`);
    await untilAllMarked(stack.db);
    assert.equal(await successor.stop(), 0);
  }
  await until('every event has arrived', () => stack.bus.journal.total >= written);

  const arrived = stack.bus.journal.entries().filter(({ duplicate }) => !duplicate);
  assert.equal(arrived.length, written);
  assert.ok(
    stack.bus.journal.duplicates <= EVENTS * failpoints.length,
    `${stack.bus.journal.duplicates} repeats`,
  );
  for (const aggregate of ['o0', 'o1', 'o2']) {
    const numbers = arrived
      .filter(({ applicationProperties }) => applicationProperties['aggregateId'] === aggregate)
      .map(({ body }) => JSON.parse(body.toString()).n as number);
    assert.deepEqual(
      numbers,
      numbers.toSorted((a, b) => a - b),
      aggregate,
    );
  }
});
