import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createDatabase } from '../support/database.ts';
import { createBus, insertEvent, startRelay, untilArrived } from '../support/relay.ts';

test('with EVENT_FORMAT=cloudevents every message that arrives is a CloudEvent, also the one that is too large for a batch', async (t) => {
  const { url, pool } = await createDatabase(t);
  const bus = await createBus(t);
  const cloudEvents = { source: '/orders', schemaUrl: 'https://shop.example/schemas' };
  const small = await insertEvent(pool, 'OrderCreated', { aggregateId: 'o1' });
  const large = await insertEvent(pool, 'OrderCancelled', {
    aggregateId: 'o2',
    body: JSON.stringify('x'.repeat(255_000)),
  });

  startRelay(t, { url, bus, cloudEvents });
  await untilArrived(bus, 2);

  const arrived = bus.journal.entries().map(({ contentType, applicationProperties }) => {
    const { cloudEvents_id, cloudEvents_type, cloudEvents_subject, cloudEvents_dataschema } =
      applicationProperties;
    return [contentType, cloudEvents_id, cloudEvents_type, cloudEvents_subject, cloudEvents_dataschema];
  });
  const schemas = 'https://shop.example/schemas';
  assert.deepEqual(
    arrived.sort(),
    [
      ['application/json', small, 'OrderCreated', 'o1', `${schemas}/OrderCreated/1`],
      ['application/json', large, 'OrderCancelled', 'o2', `${schemas}/OrderCancelled/1`],
    ].sort(),
  );
});
