import assert from 'node:assert/strict';
import { test } from 'node:test';
import { consumersFault, parseConsumers } from '../../../src/inbox/consumer.ts';

test('subscriptions and queues are read, in their order and with what follows from a failure', () => {
  const text = 'inventory/order-service, refunds = hold ,sales/eu/order-service=continue';

  assert.equal(consumersFault(text), undefined);
  assert.deepEqual(parseConsumers(text), [
    {
      name: 'inventory/order-service',
      from: { topic: 'inventory', subscription: 'order-service' },
      onFailure: 'continue',
    },
    { name: 'refunds', from: { queue: 'refunds' }, onFailure: 'hold' },
    {
      name: 'sales/eu/order-service',
      from: { topic: 'sales/eu', subscription: 'order-service' },
      onFailure: 'continue',
    },
  ]);
});

test('a consumer is the same one however its name is written', () => {
  const [consumer] = parseConsumers('Inventory/Order-Service');

  assert.equal(consumer?.name, 'inventory/order-service');
});

const FAULTS: [text: string, fault: RegExp][] = [
  ['inventory/order-service,', /a name is missing before or after a comma/],
  [',payments', /a name is missing/],
  ['a,,b', /a name is missing/],
  ['=hold', /a name is missing/],
  ['inventory/', /"inventory\/" is neither a queue nor topic\/subscription/],
  ['/order-service', /"\/order-service" is neither/],
  ['inventory//order-service', /is neither/],
  ['inventory order', /"inventory order" is neither/],
  ['inventory;payments', /"inventory;payments" is neither/],
  ['payments/order-service/$DeadLetterQueue', /is neither/],
  ['-orders', /"-orders" is neither/],
  [`inventory/${'s'.repeat(51)}`, /is neither/],
  ['payments=keep', /"payments=keep": after = comes hold or continue/],
  ['payments=', /"payments=": after =/],
  ['payments=hold=hold', /"payments=hold=hold": after =/],
  ['payments,inventory/order-service,payments', /"payments" is there twice/],
  ['inventory/order-service,Inventory/Order-Service=hold', /"Inventory\/Order-Service" is there twice/],
];

for (const [text, fault] of FAULTS) {
  test(`what is wrong with ${text.slice(0, 60)} is said`, () => {
    assert.match(consumersFault(text) ?? 'nothing', fault);
  });
}
