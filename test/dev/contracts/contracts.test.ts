import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  acceptedChanges,
  brokenContracts,
  type Contracts,
  CURRENT,
  RELEASED,
  readContracts,
  servedContracts,
} from '../../../dev/contracts/contracts.ts';
import type { Schema } from '../../../dev/contracts/schema-changes.ts';

const WRITE = 'run: npm run contracts, and look at what has changed';

test('the contracts that are committed are those that the api serves', async () => {
  const [committed, served] = await Promise.all([readContracts(CURRENT), servedContracts()]);

  assert.deepEqual(committed.openapi, served.openapi, WRITE);
  assert.deepEqual(committed.asyncapi, served.asyncapi, WRITE);
});

test('nothing that others rely on has changed since the last release, but for what is accepted', async () => {
  const [released, current] = await Promise.all([readContracts(RELEASED), readContracts(CURRENT)]);

  assert.deepEqual(brokenContracts(released, current).sort(), (await acceptedChanges()).sort());
});

for (const { name, change, told } of [
  {
    name: 'a field is removed from an event',
    change: ({ asyncapi }: Contracts) => delete bodyOf(asyncapi, 'OrderCreated.v1')['totalAmount'],
    told: ['OrderCreated.v1 payload.totalAmount: is gone'],
  },
  {
    name: 'a field of an event has another type',
    change: ({ asyncapi }: Contracts) => {
      const body = bodyOf(asyncapi, 'OrderCreated.v1');
      body['totalAmount'] = { ...body['totalAmount'], type: 'string' };
    },
    told: ['OrderCreated.v1 payload.totalAmount: its type is another now'],
  },
  {
    name: 'an event is sent no more',
    change: ({ asyncapi }: Contracts) => deleteMessage(asyncapi, 'OrderCancelled.v1'),
    told: ['/channels/orders/messages/OrderCancelled.v1: remove'],
  },
  {
    name: 'a property is not sent any more',
    change: ({ asyncapi }: Contracts) => {
      const { properties = {} } = messageOf(asyncapi, 'OrderCreated.v1').headers;
      delete (properties as Record<string, Schema>)['causationId'];
    },
    told: ['OrderCreated.v1 headers.causationId: is gone'],
  },
  {
    name: 'a request takes fewer values',
    change: ({ openapi }: Contracts) => {
      const { parameters = [] } = openapi.paths['/api/orders']?.['get'] ?? {};
      const status = parameters.find(({ name }) => name === 'status') as { schema: Schema };
      status.schema = { type: 'string', enum: ['Pending'] };
    },
    told: ['GET /api/orders: query status: its values are others now'],
  },
  {
    name: 'a request needs one field more',
    change: ({ openapi }: Contracts) => {
      const shape = openapi.components?.schemas?.['CreateOrder'] as { required: string[] };
      shape.required.push('currency');
    },
    told: ['POST /api/orders: body.currency: is required now'],
  },
  {
    name: 'a status is taken away',
    change: ({ openapi }: Contracts) => {
      const { responses = {} } = openapi.paths['/api/orders/{orderId}']?.['get'] ?? {};
      delete (responses as Record<string, object>)['304'];
    },
    told: ['GET /api/orders/{orderId}: 304 is gone'],
  },
  {
    name: 'an address is taken away',
    change: ({ openapi }: Contracts) => delete (openapi.paths as Record<string, object>)['/health/live'],
    told: ['GET /health/live: is gone'],
  },
]) {
  test(`a change that breaks others is told: ${name}`, async () => {
    const before = await readContracts(CURRENT);
    const after = structuredClone(before);

    change(after);

    assert.deepEqual(brokenContracts(before, after), told);
  });
}

test('a change that breaks others is taken when the major rises', async () => {
  const before = await readContracts(CURRENT);
  const after = structuredClone(before);
  deleteMessage(after.asyncapi, 'OrderCreated.v1');

  assert.notDeepEqual(brokenContracts(before, after), []);
  const risen = { ...after, openapi: { ...after.openapi, info: { version: '1.0.0' } } };
  assert.deepEqual(brokenContracts(before, risen), []);
});

test('what is added breaks nobody', async () => {
  const before = await readContracts(CURRENT);
  const after = structuredClone(before);

  bodyOf(after.asyncapi, 'OrderCreated.v1')['giftWrapped'] = { type: 'boolean' };
  const { messages } = channelOf(after.asyncapi);
  Object.assign(messages, { 'OrderCreated.v2': structuredClone(messages['OrderCreated.v1']) });
  Object.assign(after.openapi.paths, { '/api/customers': { get: { responses: {} } } });

  assert.deepEqual(brokenContracts(before, after), []);
});

function channelOf({ channels }: Contracts['asyncapi']) {
  assert.ok(channels['orders']);
  return channels['orders'];
}

function messageOf(asyncapi: Contracts['asyncapi'], key: string) {
  const message = channelOf(asyncapi).messages[key];
  assert.ok(message);
  return message;
}

const bodyOf = (asyncapi: Contracts['asyncapi'], key: string) =>
  messageOf(asyncapi, key).payload.properties as Record<string, Schema>;

function deleteMessage(asyncapi: Contracts['asyncapi'], key: string): void {
  delete (channelOf(asyncapi).messages as Record<string, object>)[key];
}
