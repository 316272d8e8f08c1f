import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nameShapes } from '../../../src/http/named-shapes.ts';

const address = { title: 'Address', type: 'object', properties: { city: { type: 'string' } } };
const order = { title: 'Order', type: 'object', properties: { to: address, from: address } };

test('a schema with a title is a component of that name, within others too, and referred to wherever it was', () => {
  const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` });

  assert.deepEqual(
    nameShapes({ paths: { a: { schema: order }, b: { schema: { type: 'array', items: order } } } }),
    {
      paths: { a: { schema: ref('Order') }, b: { schema: { type: 'array', items: ref('Order') } } },
      components: {
        schemas: {
          Address: address,
          Order: { ...order, properties: { to: ref('Address'), from: ref('Address') } },
        },
      },
    },
  );
});

test('what was a component before stays one', () => {
  const components = { schemas: { Old: { type: 'string' } }, securitySchemes: { bearer: {} } };

  const named = nameShapes({ paths: { schema: address }, components });

  assert.deepEqual(named.components, { ...components, schemas: { ...components.schemas, Address: address } });
});

test('a title that is no schema, and data that look like one, are left alone', () => {
  const document = {
    info: { title: 'Order service' },
    paths: {
      a: { properties: { title: { type: 'string' } }, example: address, examples: [order], default: address },
    },
    components: { schemas: {} },
  };

  assert.deepEqual(nameShapes(document), document);
});

test('a shape has its examples, also if they were taken out of some of its places', () => {
  const withExamples = { ...address, examples: [{ city: 'Springfield' }] };

  const { components } = nameShapes({ a: address, b: withExamples, c: address, components: { schemas: {} } });

  assert.deepEqual(components.schemas, { Address: withExamples });
});

test('two different schemas of one name are refused', () => {
  const other = { ...address, properties: {} };

  assert.throws(
    () => nameShapes({ a: address, b: other }),
    /^Error: Two different schemas are called Address$/,
  );
});
