import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openApp } from '../../../support/app.ts';
import { tutorialOrder } from '../../../support/orders.ts';

test('every refusal says what to do, in words of its own', async (t) => {
  const { app, post } = await openApp(t);
  const order = tutorialOrder();
  const json = JSON.stringify(order);
  const posted: [body: string | object, headers: Record<string, string>, detail: string][] = [
    [
      json,
      { 'content-type': 'text/plain' },
      'The body must be JSON; send application/json as its Content-Type',
    ],
    ['', {}, 'The body cannot be empty; send a JSON object'],
    [json.padEnd(300_000), {}, 'The body is larger than 256 KB; send a smaller one'],
    [{ ...order, customerId: 7 }, {}, 'The request cannot be taken: /customerId must be a text'],
    [{ ...order, items: [] }, {}, 'The request cannot be taken: /items must have at least 1 item'],
    [
      { ...order, items: [{ productId: 'p', quantity: 0, unitPrice: 1 }] },
      {},
      'The request cannot be taken: /items/0/quantity must be at least 1',
    ],
    [
      { ...order, customerId: '\u200b' },
      {},
      'The request cannot be taken: /customerId must be a text with something to read in it',
    ],
  ];
  for (const [body, headers, detail] of posted) {
    assert.equal((await post(body, headers)).json().detail, detail);
  }

  const asked: [method: 'GET' | 'POST' | 'PUT', url: string, detail: string][] = [
    ['PUT', '/api/orders', 'PUT is not allowed here; use GET or POST'],
    [
      'POST',
      '/api/orders/',
      'POST is not allowed here; use GET. Leave out the slash at the end of the address',
    ],
    [
      'GET',
      '/api/orders?status=pending',
      'The query is not valid: status must be one of Pending, PaymentProcessed, Shipped, Delivered, Cancelled',
    ],
    ['GET', '/api/order', 'There is no GET here; check the address'],
    ['GET', '/%ff', 'The address cannot be decoded: write a % as %25, and other characters as UTF-8'],
  ];
  for (const [method, url, detail] of asked) {
    assert.equal((await app.inject({ method, url })).json().detail, detail);
  }
});

test('at most 50 errors are listed, however many there are', async (t) => {
  const { post } = await openApp(t);

  const response = await post({ ...tutorialOrder(), items: Array(100).fill({}) });

  assert.equal(response.statusCode, 400);
  assert.equal(response.json().errors.length, 50);
});

test('a body that is no JSON is told where, and neither the answer nor the log repeats it', async (t) => {
  const { post, logs } = await openApp(t);
  const json = JSON.stringify(tutorialOrder(), undefined, 2);
  const cases: [body: string, place: RegExp][] = [
    [json.replace('19.99', '19,99'), /what stands at position 123 \(line 7, column 23\) cannot stand there/],
    [json.replace('"Springfield"', 'Springfield'), /position \d+ \(line 17, column 13\)/],
    [json.slice(0, -1), /it ends at position \d+ \(line 22, column 1\)/],
    [json.replace('{', '{"__proto__":1,'), /__proto__/],
    ['', /cannot be empty/],
  ];

  for (const [body, place] of cases) {
    const response = await post(body);
    assert.equal(response.statusCode, 400);
    assert.match(response.json().detail, place);
    assert.doesNotMatch(response.body, /Springfield|Main St/);
  }
  assert.doesNotMatch(JSON.stringify(logs), /Springfield|Main St/);
});
