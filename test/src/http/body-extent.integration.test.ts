import assert from 'node:assert/strict';
import { test } from 'node:test';
import { extentFault } from '../../../src/http/body/body-extent.ts';
import { openApp } from '../../support/app.ts';
import { tutorialOrder } from '../../support/orders.ts';

const fields = (count: number, value: unknown = 1) =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`f${i}`, value]));

test('a body with too many members in one place, or too many values in all, is told where', () => {
  const cases: [body: unknown, pointer: string | undefined][] = [
    [undefined, undefined],
    [null, undefined],
    ['x'.repeat(100_000), undefined],
    [{ items: Array(1_000).fill({ a: 1, b: 2, c: 3 }) }, undefined],
    [{ items: Array(1_001).fill({}) }, '/items'],
    [{ a: { 'b/c~': fields(1_001) } }, '/a/b~1c~0'],
    [Array(1_001).fill(1), ''],
    [fields(1_000), undefined],
    [fields(1_001), ''],
    [{ items: Array(100).fill(fields(99)) }, ''],
    [{ items: Array(100).fill(fields(98)) }, undefined],
    [{ ['n'.repeat(5_000)]: fields(1_001) }, ''],
  ];

  for (const [body, pointer] of cases) assert.equal(extentFault(body)?.pointer, pointer);
});

test('the largest order is far from too large', () => {
  const [item] = tutorialOrder().items;

  assert.equal(extentFault({ ...tutorialOrder(), items: Array(100).fill(item) }), undefined);
});

test('of a body with tens of thousands of faults one is told', async (t) => {
  const { post } = await openApp(t);
  const hostile: [body: object, pointer: string][] = [
    [{ ...tutorialOrder(), items: Array(80_000).fill({}) }, '/items'],
    [{ ...tutorialOrder(), items: Array(80_000).fill(0) }, '/items'],
    [{ ...tutorialOrder(), ...fields(20_000) }, ''],
    [{ ...tutorialOrder(), items: Array(100).fill(fields(200)) }, ''],
  ];

  for (const [body, pointer] of hostile) {
    const response = await post(body);
    assert.equal(response.statusCode, 400);
    const { errors, type } = response.json();
    assert.equal(type, 'urn:order-service:problem:request-invalid');
    assert.deepEqual(
      errors.map((error: { pointer: string }) => error.pointer),
      [pointer],
    );
  }
});
