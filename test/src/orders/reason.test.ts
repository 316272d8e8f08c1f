import assert from 'node:assert/strict';
import { test } from 'node:test';
import { outOfStock, toReason } from '../../../src/orders/reason.ts';

for (const [text, expected] of [
  ['Card declined', 'Card declined'],
  [' Card\u0000\ndeclined\u009f', 'Card declined'],
  ['', 'No reason given'],
  [' \u200b\n', 'No reason given'],
  ['\ud800x', '\ufffdx'],
  ['𝄞'.repeat(500), '𝄞'.repeat(500)],
  ['𝄞'.repeat(501), `${'𝄞'.repeat(499)}…`],
  ['x'.repeat(10_000), `${'x'.repeat(499)}…`],
] as const) {
  test(`the reason ${JSON.stringify(text.slice(0, 20))} of ${text.length} is kept as one`, () => {
    assert.equal(toReason(text), expected);
  });
}

test('what is out of stock is named item by item, as long as there is room', () => {
  const missing = { productId: 'prod-456', requested: 2, available: 1 };

  assert.equal(outOfStock([missing]), 'Out of stock: prod-456 (2 requested, 1 available)');
  assert.equal(
    outOfStock([missing, { ...missing, productId: 'prod-789' }]),
    'Out of stock: prod-456 (2 requested, 1 available), prod-789 (2 requested, 1 available)',
  );
  assert.equal(outOfStock(Array(100).fill(missing)).length, 500);
});
