import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkAnswer } from './exchange.ts';
import type { Operation } from './operations.ts';
import type { Attempt } from './requests.ts';

const operation: Operation = {
  id: 'createOrder',
  method: 'POST',
  path: '/api/orders',
  parameters: [],
  body: { type: 'object' },
  responses: {
    201: {
      'application/json': {
        type: 'object',
        properties: { orderId: { type: 'string' } },
        required: ['orderId'],
      },
    },
    400: {
      'application/problem+json': {
        type: 'object',
        properties: { type: { type: 'string' }, status: { type: 'integer' } },
      },
    },
    500: { 'application/problem+json': { type: 'object', properties: { status: { type: 'integer' } } } },
  },
};
const attempt: Attempt = {
  operation: 'createOrder',
  promised: 'taken',
  order: undefined,
  query: [],
  headers: { 'X-Correlation-Id': 'mine' },
  body: '{ "items": [{ "quantity": 2, "unitPrice": 60000000 }] }',
};
const headers = { 'content-type': 'application/json', 'x-correlation-id': 'mine' };
const taken = { attempt, path: '', status: 201, headers: new Headers(headers), body: { orderId: '1' } };
const problem = { 'content-type': 'application/problem+json' };
const TOO_DEAR = { type: 'urn:order-service:problem:order-invalid', status: 400 };
const refused = { ...taken, status: 400, headers: new Headers(problem), body: TOO_DEAR };

test('an answer that the document has passes', () => {
  checkAnswer(operation, taken);
  checkAnswer(operation, refused);
  checkAnswer(operation, { ...refused, attempt: { ...attempt, promised: 'refused' } });
});

for (const [fault, exchange] of [
  ['a fault of the server', { ...refused, status: 500, body: { status: 500 } }],
  ['a status that is not documented', { ...taken, status: 202 }],
  [
    'a media type that is not documented',
    { ...taken, headers: new Headers({ ...headers, 'content-type': 'text/html' }) },
  ],
  ['a body that does not keep to its schema', { ...taken, body: { orderId: 1 } }],
  ['a member that is not documented', { ...taken, body: { orderId: '1', secret: 'x' } }],
  ['no body', { ...taken, body: undefined }],
  ['another correlation id', { ...taken, headers: new Headers({ ...headers, 'x-correlation-id': 'other' }) }],
  [
    'a request taken that had to be refused',
    { ...taken, attempt: { ...attempt, promised: 'refused' as const } },
  ],
  ['a request refused that had to be taken', { ...refused, body: { type: 'about:blank', status: 400 } }],
  ['an order called too dear that is not', { ...refused, attempt: { ...attempt, body: '{ "items": [] }' } }],
  ['a problem with the status of another', { ...refused, body: { ...TOO_DEAR, status: 404 } }],
] as const) {
  test(`${fault} is found`, () => {
    assert.throws(() => checkAnswer(operation, exchange), assert.AssertionError);
  });
}
