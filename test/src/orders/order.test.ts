import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppError } from '../../../src/core/errors.ts';
import { describeOrder, placeOrder, priceOrder, requireVersion } from '../../../src/orders/order.ts';
import { tutorialOrder } from '../../support/orders.ts';

const now = new Date('2024-12-12T10:30:00.000Z');
const place = (items: [quantity: number, unitPrice: number][]) => {
  let id = 0;
  const command = {
    ...tutorialOrder(),
    items: items.map(([quantity, unitPrice], i) => ({ productId: `p${i}`, quantity, unitPrice })),
  };
  return describeOrder(
    placeOrder(
      priceOrder(command, () => String(id++)),
      now,
    ),
  );
};

test('line totals and total are exact where floating point is not', () => {
  const cases: [items: [number, number][], lineTotals: number[], total: number][] = [
    [[[3, 0.1]], [0.3], 0.3],
    [
      [
        [3, 1.1],
        [1, 2.2],
      ],
      [3.3, 2.2],
      5.5,
    ],
    [[[7, 1.15]], [8.05], 8.05],
    [
      [
        [1, 0.1],
        [1, 0.2],
      ],
      [0.1, 0.2],
      0.3,
    ],
    [[[100, 1.005 - 0.005]], [100], 100],
    [[[2_147_483_647, 0]], [0], 0],
    [[[2_147_483_647, 0.04]], [85_899_345.88], 85_899_345.88],
    [
      [
        [1, 99_999_999.98],
        [1, 0.01],
      ],
      [99_999_999.98, 0.01],
      99_999_999.99,
    ],
    [[[9_999_999_999, 0.01]], [99_999_999.99], 99_999_999.99],
  ];

  for (const [items, lineTotals, total] of cases) {
    const order = place(items);
    assert.deepEqual(
      order.items.map((item) => item.lineTotal),
      lineTotals,
      JSON.stringify(items),
    );
    assert.equal(order.totalAmount, total, JSON.stringify(items));
  }
});

test('any prices and quantities add up to what integers say, and print with two decimals at most', () => {
  for (let round = 0; round < 20_000; round++) {
    const lines = Array.from({ length: 1 + (round % 5) }, () => ({
      cents: Math.floor(Math.random() * 10 ** (1 + (round % 7))),
      quantity: 1 + Math.floor(Math.random() * 100),
    }));
    const text = (cents: number) => `${Math.floor(cents / 100)}.${String(cents % 100).padStart(2, '0')}`;

    const order = place(lines.map(({ cents, quantity }) => [quantity, Number(text(cents))]));

    const expected = lines.map(({ cents, quantity }) => cents * quantity);
    assert.deepEqual(
      order.items.map((item) => item.lineTotal.toFixed(2)),
      expected.map(text),
    );
    const total = expected.reduce((sum, cents) => sum + cents, 0);
    assert.equal(order.totalAmount.toFixed(2), text(total));
    assert.match(JSON.stringify(order.totalAmount), /^\d+(\.\d{1,2})?$/);
  }
});

test('amounts over NUMERIC(10,2) are refused, each with its place: items first, their sum only when each one fits', () => {
  const cases: [items: [number, number][], pointers: string[]][] = [
    [[[10_000_000_000, 0.01]], ['/items/0']],
    [
      [
        [1, 1],
        [2_147_483_647, 99_999_999.99],
        [2, 50_000_000],
      ],
      ['/items/1', '/items/2'],
    ],
    [
      [
        [1, 99_999_999.99],
        [1, 0.01],
      ],
      ['/items'],
    ],
    [Array.from({ length: 100 }, () => [1, 1_000_000]), ['/items']],
  ];

  for (const [items, pointers] of cases) {
    assert.throws(
      () => place(items),
      (error: unknown) => {
        assert.ok(error instanceof AppError);
        assert.equal(error.code, 'ORDER_INVALID');
        assert.deepEqual(
          error.faults.map(({ pointer }) => pointer),
          pointers,
        );
        return true;
      },
    );
  }
});

test('the order, its items and the event have one instant', () => {
  const order = placeOrder(
    priceOrder(tutorialOrder(), () => 'id'),
    now,
  );

  assert.deepEqual([order.createdAt, order.updatedAt], [now, now]);
  assert.equal(describeOrder(order).createdAt, '2024-12-12T10:30:00.000Z');
});

test('an order is changed only in one of the versions that are asked for', () => {
  const order = placeOrder(
    priceOrder(tutorialOrder(), () => 'id'),
    now,
  );

  requireVersion(order, [7, 1]);
  assert.throws(() => requireVersion(order, [2]), { code: 'ORDER_VERSION_MISMATCH' });
  assert.throws(() => requireVersion(order, []), { code: 'ORDER_VERSION_MISMATCH' });
});
