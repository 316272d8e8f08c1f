import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  fromNumeric,
  hasAtMostTwoDecimals,
  MAX_CENTS,
  toAmount,
  toCents,
  toNumeric,
} from '../../../src/orders/money.ts';

test('every price in cents goes through a JSON number and NUMERIC unchanged', () => {
  const sample = [0n, 1n, 9n, 10n, 99n, 100n, 101n, 1999n, 8997n, MAX_CENTS - 1n, MAX_CENTS];
  for (let i = 0; i < 200_000; i++) sample.push(BigInt(Math.floor(Math.random() * (Number(MAX_CENTS) + 1))));

  for (const cents of sample) {
    const amount = Number(`${cents / 100n}.${String(cents % 100n).padStart(2, '0')}`);
    assert.ok(hasAtMostTwoDecimals(amount), `${amount}`);
    assert.equal(toCents(amount), cents);
    assert.equal(toAmount(cents), amount);
    assert.equal(fromNumeric(toNumeric(cents)), cents);
  }
  assert.equal(toNumeric(MAX_CENTS), '99999999.99');
  assert.equal(toNumeric(5n), '0.05');
});

test('a third decimal is noticed, however large the amount', () => {
  for (let i = 0; i < 200_000; i++) {
    const mills = Math.floor(Math.random() * 100_000_000_000);
    if (mills % 10 === 0) continue;
    const amount = Number(`${Math.floor(mills / 1000)}.${String(mills % 1000).padStart(3, '0')}`);
    assert.ok(!hasAtMostTwoDecimals(amount), `${amount}`);
  }
  for (const amount of [1e-7, 0.001, 19.999, 1e308, Number.MIN_VALUE, Number.NaN]) {
    assert.ok(!hasAtMostTwoDecimals(amount), `${amount}`);
  }
});
