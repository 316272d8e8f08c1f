import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { openApp } from '../../support/app.ts';
import { tutorialOrder } from '../../support/orders.ts';

interface BadBody {
  readonly name: string;
  /** An object is sent as JSON. */
  readonly body: string | Buffer | object;
  readonly status?: number;
  /** Every pointer that must be in errors[], and no other. */
  readonly pointers: readonly string[];
  readonly headers?: Record<string, string>;
}

test('every bad body is a problem that names each wrong field, and changes nothing', async (t) => {
  const { post, rowCounts } = await openApp(t);

  for (const { name, body, status = 400, pointers, headers } of badBodies()) {
    const response = await post(body, headers);

    const problem = response.json();
    assert.equal(response.statusCode, status, `${name}: ${response.body}`);
    assert.equal(response.headers['content-type'], 'application/problem+json', name);
    assert.equal(problem.status, status, name);
    assert.equal(problem.error, problem.detail, name);
    assert.match(problem.instance, /^urn:uuid:[0-9a-f-]{36}$/, name);
    const named = new Set(problem.errors.map((error: { pointer: string }) => error.pointer));
    assert.deepEqual(named, new Set(pointers), `${name}: ${response.body}`);
  }
  assert.deepEqual(await rowCounts(), [0, 0, 0]);
});

test('a body of JSON is taken whatever the case of its coding and charset', async (t) => {
  const { post } = await openApp(t);

  for (const headers of [
    { 'content-encoding': 'Identity' },
    { 'content-type': 'application/json; charset=UTF-8' },
    { 'content-type': 'application/json;charset="utf-8"' },
  ]) {
    assert.equal((await post(tutorialOrder(), headers)).statusCode, 201, JSON.stringify(headers));
  }
});

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

function badBodies(): BadBody[] {
  const order = tutorialOrder();
  const json = JSON.stringify(order);
  const [item] = order.items;
  const withField = (fields: object) => ({ ...order, ...fields });
  const withItem = (fields: object) => ({ ...order, items: [order.items[0], { ...item, ...fields }] });
  const withAddress = (fields: object) => ({
    ...order,
    shippingAddress: { ...order.shippingAddress, ...fields },
  });
  const withText = (from: string, to: string) => json.replace(from, to);
  const nested = (depth: number) => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;
  const money = (quantity: number, unitPrice: number) => ({ productId: 'p', quantity, unitPrice });
  const none = [''];

  return [
    { name: 'nothing', body: '', pointers: none },
    { name: 'white space', body: '  \n', pointers: none },
    { name: 'not JSON', body: 'customerId=1', pointers: none },
    { name: 'half of it', body: json.slice(0, 50), pointers: none },
    { name: 'two values', body: `${json}${json}`, pointers: none },
    { name: 'a trailing comma', body: json.replace(/}$/, ',}'), pointers: none },
    { name: 'a comment', body: `/* hello */${json}`, pointers: none },
    { name: 'single quotes', body: json.replaceAll('"', "'"), pointers: none },
    { name: 'NaN', body: withText('19.99', 'NaN'), pointers: none },
    { name: 'Infinity', body: withText('19.99', 'Infinity'), pointers: none },
    { name: 'a leading zero', body: withText('19.99', '019.99'), pointers: none },
    { name: 'a leading plus', body: withText('19.99', '+19.99'), pointers: none },
    { name: 'hexadecimal', body: withText('19.99', '0x13'), pointers: none },
    { name: 'a raw control character', body: withText('cust-123', 'cust\n123'), pointers: none },
    { name: 'bytes that are not UTF-8', body: Buffer.from(json).fill(0xff, 20, 21), pointers: none },
    { name: 'Latin-1', body: Buffer.from(withText('Springfield', 'Orléans'), 'latin1'), pointers: none },
    { name: 'UTF-16', body: Buffer.from(json, 'utf16le'), pointers: none },
    { name: 'null', body: 'null', pointers: none },
    { name: 'true', body: 'true', pointers: none },
    { name: 'a number', body: '1', pointers: none },
    { name: 'a text', body: '"order"', pointers: none },
    { name: 'a list', body: [order], pointers: none },
    { name: 'an empty object', body: {}, pointers: ['/customerId', '/items', '/shippingAddress'] },
    { name: '10,000 levels of lists', body: '['.repeat(10_000) + ']'.repeat(10_000), pointers: none },
    {
      name: 'deep nesting in an unknown field',
      body: withText('{', `{"deep":${nested(5_000)},`),
      pointers: ['/deep'],
    },
    {
      name: 'deep nesting in a known field',
      body: withText('"cust-123"', nested(5_000)),
      pointers: ['/customerId'],
    },
    { name: '2 MB', body: withField({ customerId: 'x'.repeat(2_000_000) }), status: 413, pointers: none },
    { name: 'one byte over 256 KB', body: json.padEnd(256 * 1024 + 1), status: 413, pointers: none },
    {
      name: 'a form',
      body: 'customerId=1',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      status: 415,
      pointers: none,
    },
    {
      name: 'text/plain',
      body: json,
      headers: { 'content-type': 'text/plain' },
      status: 415,
      pointers: none,
    },
    {
      name: 'XML',
      body: '<order/>',
      headers: { 'content-type': 'application/xml' },
      status: 415,
      pointers: none,
    },
    { name: 'no content type', body: json, headers: { 'content-type': '' }, status: 415, pointers: none },
    {
      name: 'a content type that is none',
      body: json,
      headers: { 'content-type': 'json' },
      status: 415,
      pointers: none,
    },
    {
      name: 'JSON of another kind',
      body: json,
      headers: { 'content-type': 'application/vnd.order+json' },
      status: 415,
      pointers: none,
    },
    {
      name: 'gzip',
      body: gzipSync(json),
      headers: { 'content-encoding': 'gzip' },
      status: 415,
      pointers: none,
    },
    {
      name: 'another charset',
      body: json,
      headers: { 'content-type': 'application/json; charset="UTF-16"' },
      status: 415,
      pointers: none,
    },
    { name: '__proto__', body: withText('{', '{"__proto__":{"admin":true},'), pointers: none },
    {
      name: '__proto__ in an item',
      body: withText('"quantity"', '"__proto__":{"a":1},"quantity"'),
      pointers: none,
    },
    { name: '__proto__, escaped', body: withText('{', '{"\\u005f_proto__":{"a":1},'), pointers: none },
    {
      name: 'constructor.prototype',
      body: withText('{', '{"constructor":{"prototype":{"a":1}},'),
      pointers: none,
    },
    { name: 'constructor', body: withText('{', '{"constructor":1,'), pointers: ['/constructor'] },
    {
      name: 'toString instead of a field',
      body: withText('customerId', 'toString'),
      pointers: ['/toString', '/customerId'],
    },

    { name: 'an extra field', body: withField({ discount: 1 }), pointers: ['/discount'] },
    { name: 'an extra field of ours', body: withField({ totalAmount: 0.01 }), pointers: ['/totalAmount'] },
    { name: 'an extra field with / and ~', body: withField({ 'a/b~c': 1 }), pointers: ['/a~1b~0c'] },
    { name: 'an extra field with a long name', body: withField({ ['n'.repeat(5000)]: 1 }), pointers: none },
    { name: 'an extra field in an item', body: withItem({ lineTotal: 1 }), pointers: ['/items/1/lineTotal'] },
    {
      name: 'an extra field in the address',
      body: withAddress({ street2: '' }),
      pointers: ['/shippingAddress/street2'],
    },
    {
      name: 'a field in other letters',
      body: withText('customerId', 'CustomerId'),
      pointers: ['/CustomerId', '/customerId'],
    },

    { name: 'customerId missing', body: withField({ customerId: undefined }), pointers: ['/customerId'] },
    { name: 'customerId null', body: withField({ customerId: null }), pointers: ['/customerId'] },
    { name: 'customerId a number', body: withField({ customerId: 123 }), pointers: ['/customerId'] },
    { name: 'customerId a list', body: withField({ customerId: ['cust-123'] }), pointers: ['/customerId'] },
    { name: 'customerId an object', body: withField({ customerId: { id: 1 } }), pointers: ['/customerId'] },
    { name: 'customerId empty', body: withField({ customerId: '' }), pointers: ['/customerId'] },
    { name: 'customerId blank', body: withField({ customerId: ' \u3000\u00a0' }), pointers: ['/customerId'] },
    {
      name: 'customerId of zero width',
      body: withField({ customerId: '\u200b' }),
      pointers: ['/customerId'],
    },
    {
      name: 'customerId too long',
      body: withField({ customerId: 'x'.repeat(129) }),
      pointers: ['/customerId'],
    },
    { name: 'customerId with NUL', body: withField({ customerId: 'a\u0000b' }), pointers: ['/customerId'] },
    {
      name: 'customerId with a line break',
      body: withField({ customerId: 'a\r\nb' }),
      pointers: ['/customerId'],
    },
    { name: 'customerId with DEL', body: withField({ customerId: 'a\u007f' }), pointers: ['/customerId'] },
    {
      name: 'customerId with a lone high surrogate',
      body: withText('cust-123', 'a\\ud83d'),
      pointers: ['/customerId'],
    },
    {
      name: 'customerId with a lone low surrogate',
      body: withText('cust-123', '\\udc00a'),
      pointers: ['/customerId'],
    },

    { name: 'items missing', body: withField({ items: undefined }), pointers: ['/items'] },
    { name: 'items null', body: withField({ items: null }), pointers: ['/items'] },
    { name: 'items empty', body: withField({ items: [] }), pointers: ['/items'] },
    { name: 'items an object', body: withField({ items: { 0: item } }), pointers: ['/items'] },
    { name: 'items a text', body: withField({ items: '[]' }), pointers: ['/items'] },
    { name: '101 items', body: withField({ items: Array(101).fill(item) }), pointers: ['/items'] },
    {
      name: '10,000 items',
      body: withField({ items: Array(10_000).fill(item) }),
      status: 413,
      pointers: none,
    },
    {
      name: '4,000 items, in 256 KB',
      body: withField({ items: Array(4_000).fill(item) }),
      pointers: ['/items'],
    },
    { name: 'an item null', body: withField({ items: [null] }), pointers: ['/items/0'] },
    { name: 'an item a list', body: withField({ items: [[item]] }), pointers: ['/items/0'] },
    {
      name: 'an item empty',
      body: withField({ items: [{}] }),
      pointers: ['/items/0/productId', '/items/0/quantity', '/items/0/unitPrice'],
    },

    { name: 'productId missing', body: withItem({ productId: undefined }), pointers: ['/items/1/productId'] },
    { name: 'productId empty', body: withItem({ productId: '' }), pointers: ['/items/1/productId'] },
    { name: 'productId with NUL', body: withItem({ productId: '\u0000' }), pointers: ['/items/1/productId'] },
    {
      name: 'productId too long',
      body: withItem({ productId: '𝄞'.repeat(129) }),
      pointers: ['/items/1/productId'],
    },

    { name: 'quantity missing', body: withItem({ quantity: undefined }), pointers: ['/items/1/quantity'] },
    { name: 'quantity null', body: withItem({ quantity: null }), pointers: ['/items/1/quantity'] },
    { name: 'quantity "1"', body: withItem({ quantity: '1' }), pointers: ['/items/1/quantity'] },
    { name: 'quantity true', body: withItem({ quantity: true }), pointers: ['/items/1/quantity'] },
    { name: 'quantity [1]', body: withItem({ quantity: [1] }), pointers: ['/items/1/quantity'] },
    { name: 'quantity 0', body: withItem({ quantity: 0 }), pointers: ['/items/1/quantity'] },
    { name: 'quantity -1', body: withItem({ quantity: -1 }), pointers: ['/items/1/quantity'] },
    { name: 'quantity 1.5', body: withItem({ quantity: 1.5 }), pointers: ['/items/1/quantity'] },
    { name: 'quantity 2^31', body: withItem({ quantity: 2 ** 31 }), pointers: ['/items/1/quantity'] },
    { name: 'quantity 2^53', body: withItem({ quantity: 2 ** 53 }), pointers: ['/items/1/quantity'] },
    { name: 'quantity 1e308', body: withItem({ quantity: 1e308 }), pointers: ['/items/1/quantity'] },

    { name: 'unitPrice missing', body: withItem({ unitPrice: undefined }), pointers: ['/items/1/unitPrice'] },
    { name: 'unitPrice null', body: withItem({ unitPrice: null }), pointers: ['/items/1/unitPrice'] },
    { name: 'unitPrice "19.99"', body: withItem({ unitPrice: '19.99' }), pointers: ['/items/1/unitPrice'] },
    { name: 'unitPrice "NaN"', body: withItem({ unitPrice: 'NaN' }), pointers: ['/items/1/unitPrice'] },
    { name: 'unitPrice false', body: withItem({ unitPrice: false }), pointers: ['/items/1/unitPrice'] },
    { name: 'unitPrice 19.999', body: withItem({ unitPrice: 19.999 }), pointers: ['/items/1/unitPrice'] },
    { name: 'unitPrice 1e-7', body: withItem({ unitPrice: 1e-7 }), pointers: ['/items/1/unitPrice'] },
    { name: 'unitPrice -0.01', body: withItem({ unitPrice: -0.01 }), pointers: ['/items/1/unitPrice'] },
    { name: 'unitPrice 1e308', body: withItem({ unitPrice: 1e308 }), pointers: ['/items/1/unitPrice'] },
    { name: 'unitPrice 1e400', body: withText('19.99', '1e400'), pointers: ['/items/0/unitPrice'] },
    {
      name: 'unitPrice 100000000',
      body: withItem({ unitPrice: 100_000_000 }),
      pointers: ['/items/1/unitPrice'],
    },

    {
      name: 'a line total over the limit',
      body: withField({ items: [money(2, 50_000_000)] }),
      pointers: ['/items/0'],
    },
    {
      name: 'two line totals over the limit',
      body: withField({ items: [money(2_147_483_647, 99_999_999.99), money(1, 1), money(3, 40_000_000)] }),
      pointers: ['/items/0', '/items/2'],
    },
    {
      name: 'a total over the limit by a cent',
      body: withField({ items: [money(1, 99_999_999.99), money(1, 0.01)] }),
      pointers: ['/items'],
    },

    {
      name: 'shippingAddress missing',
      body: withField({ shippingAddress: undefined }),
      pointers: ['/shippingAddress'],
    },
    {
      name: 'shippingAddress null',
      body: withField({ shippingAddress: null }),
      pointers: ['/shippingAddress'],
    },
    {
      name: 'shippingAddress a text',
      body: withField({ shippingAddress: '123 Main St' }),
      pointers: ['/shippingAddress'],
    },
    {
      name: 'shippingAddress a list',
      body: withField({ shippingAddress: [order.shippingAddress] }),
      pointers: ['/shippingAddress'],
    },
    {
      name: 'street missing',
      body: withAddress({ street: undefined }),
      pointers: ['/shippingAddress/street'],
    },
    {
      name: 'street too long',
      body: withAddress({ street: 'x'.repeat(201) }),
      pointers: ['/shippingAddress/street'],
    },
    { name: 'city blank', body: withAddress({ city: '\t' }), pointers: ['/shippingAddress/city'] },
    { name: 'state a number', body: withAddress({ state: 62 }), pointers: ['/shippingAddress/state'] },
    {
      name: 'zipCode a number',
      body: withAddress({ zipCode: 62701 }),
      pointers: ['/shippingAddress/zipCode'],
    },
    {
      name: 'zipCode with a lone surrogate',
      body: withText('62701', '\\udfff'),
      pointers: ['/shippingAddress/zipCode'],
    },
    { name: 'country null', body: withAddress({ country: null }), pointers: ['/shippingAddress/country'] },
    {
      name: 'everything at once',
      body: {
        customerId: 1,
        items: [{ ...item, quantity: 0, unitPrice: 1.001 }],
        shippingAddress: {},
        more: 1,
      },
      pointers: [
        '/more',
        '/customerId',
        '/items/0/quantity',
        '/items/0/unitPrice',
        ...['street', 'city', 'state', 'zipCode', 'country'].map((part) => `/shippingAddress/${part}`),
      ],
    },
  ];
}
