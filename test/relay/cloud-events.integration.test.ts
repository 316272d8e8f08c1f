import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JournalEntry } from '../../dev/service-bus/journal.ts';
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

  const attributesOf = ({ contentType, applicationProperties: properties }: JournalEntry) => [
    contentType,
    properties['cloudEvents_type'],
    properties['cloudEvents_subject'],
    properties['cloudEvents_dataschema'],
  ];
  const arrived = new Map(
    bus.journal
      .entries()
      .map((entry) => [entry.applicationProperties['cloudEvents_id'], attributesOf(entry)]),
  );
  const schemas = 'https://shop.example/schemas';
  assert.deepEqual(
    arrived,
    new Map([
      [small, ['application/json', 'OrderCreated', 'o1', `${schemas}/OrderCreated/1`]],
      [large, ['application/json', 'OrderCancelled', 'o2', `${schemas}/OrderCancelled/1`]],
    ]),
  );
});
