import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { tutorialOrder } from '../../../support/orders.ts';
import { checkEffects } from './effect-checker.ts';
import type { Emitted, Handled, HistoryRow, SagaEvidence, Sent, Service } from './evidence.ts';
import { judgeSaga } from './judge-saga.ts';
import { changesOf } from './order-model.ts';
import { checkOrderStates } from './order-state-checker.ts';
import { checkPlacedOrders } from './placed-order-checker.ts';
import { checkStock } from './stock-checker.ts';

const NOTHING: SagaEvidence = {
  emitted: [],
  handled: [],
  history: [],
  orders: [],
  reservations: [],
  stock: [],
  stockAtTheStart: new Map(),
  sent: [],
  deadLetters: [],
  planted: [],
  sessions: true,
};

const kindsOf = (violations: readonly { kind: string }[]) => violations.map(({ kind }) => kind);

function emitted(service: Service, type: string, version: number, more: Partial<Emitted> = {}): Emitted {
  const messageId = `${service}-${type}-${version}`;
  return {
    service,
    messageId,
    type,
    aggregateId: 'o1',
    version,
    causationId: undefined,
    body: '{}',
    createdAt: 0,
    ...more,
  };
}

function sent(topic: string, messageId: string, type: string): Sent {
  return { topic, messageId, type, aggregateId: 'o1', version: 1, body: `{"of": "${messageId}"}` };
}

function handled(consumer: string, messageId: string, type: string, at: number): Handled {
  return { consumer, messageId, type, aggregateId: 'o1', at, xid: `x${at}` };
}

const MESSAGE = sent('payments', 'm1', 'PaymentProcessed');
const ARRIVAL = {
  entity: 'payments',
  messageId: 'm1',
  subject: 'PaymentProcessed',
  sessionId: 'o1',
  correlationId: undefined,
  properties: {},
  body: '{}',
  at: 1,
};
/** Both of its consumers have it there. */
const LETTERS = ['payments/order-service', 'payments/inventory'].map((consumer) => ({
  consumer,
  messageId: 'm1',
  reason: undefined,
}));

describe('effects', () => {
  const released = sent('inventory', 'm1', 'InventoryReleased');
  const row = handled('inventory/order-service', 'm1', 'InventoryReleased', 1);

  test('a message that was sent is handled by each consumer of its type, however often it was sent', () => {
    const both = [sent('payments', 'm2', 'PaymentFailed'), sent('payments', 'm2', 'PaymentFailed')];
    const rows = [
      handled('payments/order-service', 'm2', 'PaymentFailed', 2),
      handled('payments/inventory', 'm2', 'PaymentFailed', 3),
    ];

    assert.deepEqual(checkEffects({ ...NOTHING, sent: [released, ...both], handled: [row, ...rows] }), []);
    const lost = checkEffects({ ...NOTHING, sent: both, handled: rows.slice(0, 1) });
    assert.deepEqual(
      lost.map(({ kind, id }) => `${kind} ${id}`),
      ['effect lost m2 at payments/inventory'],
    );
  });

  test('an event of a type that nobody consumes need not be handled', () => {
    assert.deepEqual(checkEffects({ ...NOTHING, sent: [sent('orders', 'm1', 'OrderPaid')] }), []);
  });

  test('a message that causes two events, or two changes, has had its effect twice', () => {
    const twice = ['a', 'b'].map((messageId) =>
      emitted('payments', 'PaymentProcessed', 1, { messageId, causationId: 'm1' }),
    );
    const elsewhere = emitted('orders', 'OrderPaid', 2, { causationId: 'm1' });

    assert.deepEqual(kindsOf(checkEffects({ ...NOTHING, emitted: twice })), ['effect twice']);
    assert.deepEqual(checkEffects({ ...NOTHING, emitted: [...twice.slice(1), elsewhere] }), []);
  });

  test('a change in another transaction than the row of its message is found', () => {
    const change = historyRow(2, 'Cancelled', 'OrderCancelled', 'm1');
    const evidence = { ...NOTHING, sent: [released], handled: [row] };

    assert.deepEqual(checkEffects({ ...evidence, history: [{ ...change, xid: row.xid }] }), []);
    assert.deepEqual(kindsOf(checkEffects({ ...evidence, history: [{ ...change, xid: 'x9' }] })), [
      'effect twice',
    ]);
  });

  test('with sessions an earlier event of an order that is handled after a later one is found', () => {
    const events = [emitted('orders', 'OrderCreated', 1), emitted('orders', 'OrderCancelled', 2)];
    const rows = events.map(({ messageId, type }, n) => handled('orders/inventory', messageId, type, n));
    const reversed = rows.map((each) => ({ ...each, at: -each.at }));

    assert.deepEqual(checkEffects({ ...NOTHING, emitted: events, handled: rows }), []);
    assert.deepEqual(kindsOf(checkEffects({ ...NOTHING, emitted: events, handled: reversed })), [
      'handled out of order',
    ]);
    assert.deepEqual(checkEffects({ ...NOTHING, emitted: events, handled: reversed, sessions: false }), []);
  });

  test('what was planted is dead-lettered, and nothing else', () => {
    const letter = { consumer: 'inventory/order-service', messageId: 'm1', reason: 'BODY_INVALID' };

    assert.deepEqual(
      checkEffects({ ...NOTHING, sent: [released], planted: [letter], deadLetters: [letter] }),
      [],
    );
    assert.deepEqual(kindsOf(checkEffects({ ...NOTHING, sent: [released], deadLetters: [letter] })), [
      'dead-lettered',
    ]);
    assert.deepEqual(kindsOf(checkEffects({ ...NOTHING, sent: [released], planted: [letter] })), [
      'dead letter missing',
    ]);
  });
});

function historyRow(
  version: number,
  status: string,
  event: string,
  causationId: string,
  at = version,
): HistoryRow {
  return { orderId: 'o1', version, status, event, by: 'somebody', causationId, at, xid: `x${at}` };
}

describe('states', () => {
  /** An order that was paid, and whose customer then cancelled it too late. */
  const paid: SagaEvidence = {
    ...NOTHING,
    orders: [{ orderId: 'o1', key: 'k', status: 'PaymentProcessed', version: 2 }],
    history: [historyRow(2, 'PaymentProcessed', 'OrderPaid', 'm1')],
    emitted: [emitted('orders', 'OrderCreated', 1), emitted('orders', 'OrderPaid', 2)],
    handled: [handled('payments/order-service', 'm1', 'PaymentProcessed', 2)],
    sent: [sent('payments', 'm1', 'PaymentProcessed')],
  };
  const told = (change: Partial<SagaEvidence>) => kindsOf(checkOrderStates({ ...paid, ...change }));

  test('an order that is what its messages have made of it is right', () => {
    assert.deepEqual(told({}), []);
  });

  test('a state that nothing explains is found, and one that was never reached', () => {
    assert.deepEqual(told({ handled: [] }), ['state unexplained', 'state unexplained']);
    const also = handled('inventory/order-service', 'm2', 'InventoryReleased', 3);
    assert.deepEqual(told({ handled: [...paid.handled, also] }), ['state unexplained', 'state unexplained']);
  });

  test('a cancellation that was not allowed any more is found', () => {
    const cancelled = historyRow(3, 'Cancelled', 'OrderCancelled', 'of-the-customer');
    const orders = [{ orderId: 'o1', key: 'k', status: 'Cancelled', version: 3 }];
    const events = [...paid.emitted, emitted('orders', 'OrderCancelled', 3)];

    const found = told({ orders, history: [...paid.history, cancelled], emitted: events });

    assert.deepEqual(found, ['state unexplained', 'state unexplained']);
  });

  test('a version without its event is a gap, and so is an event too many', () => {
    assert.deepEqual(told({ emitted: paid.emitted.slice(1) }), ['version gap']);
    assert.deepEqual(told({ emitted: [...paid.emitted, emitted('orders', 'OrderNoted', 3)] }), [
      'version gap',
    ]);
  });

  test('an order that waits for ever is stuck', () => {
    const orders = [{ orderId: 'o1', key: 'k', status: 'Pending', version: 1 }];
    const emittedOnce = paid.emitted.slice(0, 1);

    assert.deepEqual(told({ orders, history: [], handled: [], emitted: emittedOnce }), ['order stuck']);
  });
});

test('what an order is told late, twice or in contradiction is noted once, and changes no state', () => {
  const tell = (happening: string, words = happening) => ({ causationId: words, happening, words });

  const changes = changesOf([
    tell('CancelOrder'),
    tell('CancelOrder', 'again'),
    tell('PaymentProcessed'),
    tell('PaymentProcessed'),
    tell('InventoryReleased'),
    tell('ShipmentCreated'),
  ]);

  assert.deepEqual(
    changes.map(({ version, event, status }) => `${version} ${event} ${status}`),
    ['2 OrderCancelled Cancelled', '3 OrderNoted Cancelled', '4 OrderNoted Cancelled'],
  );
});

describe('stock', () => {
  const reserved: SagaEvidence = {
    ...NOTHING,
    stockAtTheStart: new Map([['p', 10]]),
    stock: [{ productId: 'p', available: 7, reserved: 3 }],
    reservations: [{ orderId: 'o1', status: 'paid', items: [{ productId: 'p', quantity: 3 }] }],
    orders: [{ orderId: 'o1', key: 'k', status: 'PaymentProcessed', version: 2 }],
    emitted: [emitted('inventory', 'InventoryReserved', 1)],
  };
  const told = (change: Partial<SagaEvidence>) => kindsOf(checkStock({ ...reserved, ...change }));

  test('what is missing is what live orders have', () => {
    assert.deepEqual(told({}), []);
    assert.deepEqual(told({ stock: [{ productId: 'p', available: 10, reserved: 0 }] }), ['stock wrong']);
    assert.deepEqual(told({ stock: [{ productId: 'p', available: 7, reserved: 2 }] }), ['stock wrong']);
  });

  test('the reservation of a cancelled order is over, and that of a paid one is kept', () => {
    const cancelled = [{ orderId: 'o1', key: 'k', status: 'Cancelled', version: 2 }];

    assert.deepEqual(told({ orders: cancelled }), ['stock wrong']);
    assert.deepEqual(told({ reservations: [], emitted: [], stock: [] }), ['stock wrong']);
  });

  test('what was released twice has one event too many', () => {
    const released = { orderId: 'o1', status: 'released', items: [{ productId: 'p', quantity: 3 }] };
    const [first] = reserved.emitted as [Emitted];
    const once = {
      orders: [{ orderId: 'o1', key: 'k', status: 'Cancelled', version: 2 }],
      reservations: [released],
      stock: [{ productId: 'p', available: 10, reserved: 0 }],
      emitted: [first, emitted('inventory', 'InventoryReleased', 2)],
    };

    assert.deepEqual(told(once), []);
    const again = emitted('inventory', 'InventoryReleased', 2, { messageId: 'again' });
    assert.deepEqual(told({ ...once, emitted: [...once.emitted, again] }), ['version gap']);
  });
});

test('a message that says another version than its row is found', () => {
  const event = emitted('payments', 'PaymentProcessed', 1, { messageId: 'm1', body: '{}' });
  const told = (version: number) =>
    judgeSaga(
      {
        ...NOTHING,
        emitted: [event],
        planted: LETTERS,
        deadLetters: LETTERS,
        sent: [{ ...MESSAGE, version }],
      },
      [ARRIVAL],
      [],
    );

  assert.deepEqual(told(1), []);
  assert.deepEqual(kindsOf(told(2)), ['altered']);
});

test('what clients were told is so', () => {
  const placed = {
    key: 'k',
    request: { ...tutorialOrder(), customerId: 'k' },
    created: 'ok',
    orderId: 'o1',
    cancelled: 'ok',
  } as const;
  const order = { orderId: 'o1', key: 'k', status: 'Cancelled', version: 2 };

  assert.deepEqual(checkPlacedOrders([placed], [order]), []);
  assert.deepEqual(kindsOf(checkPlacedOrders([placed], [])), ['order missing', 'order wrong']);
  assert.deepEqual(kindsOf(checkPlacedOrders([placed], [{ ...order, status: 'Shipped' }])), ['order wrong']);
  assert.deepEqual(kindsOf(checkPlacedOrders([placed], [order, { ...order, orderId: 'o2' }])), [
    'order twice',
  ]);
  const late = { ...placed, cancelled: 'fail' } as const;
  assert.deepEqual(checkPlacedOrders([{ ...late, refusal: '409 It is paid' }], [order]), []);
  assert.deepEqual(kindsOf(checkPlacedOrders([{ ...late, refusal: '400 Invalid' }], [order])), [
    'request refused',
  ]);
});
