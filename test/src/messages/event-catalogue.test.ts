import assert from 'node:assert/strict';
import { globSync } from 'node:fs';
import { test } from 'node:test';
import { EVENT_CATALOGUE } from '../../../src/messages/event-catalogue.ts';
import { receptors } from '../../../src/receptors/registry.ts';

test('every type of message is a command with a receptor, or an event of the catalogue', async () => {
  const files = globSync('src/messages/*.ts', { exclude: ['**/event-catalogue.ts'] });
  const modules = await Promise.all(files.map((file) => import(`../../../${file}`)));

  const types = modules.flatMap((module: Record<string, unknown>) =>
    Object.values(module).filter((value): value is string => typeof value === 'string' && value in module),
  );

  assert.ok(types.includes('OrderCreated') && types.includes('CreateOrder'));
  const known = new Set([...Object.keys(receptors), ...EVENT_CATALOGUE.map(({ type }) => type)]);
  assert.deepEqual(
    types.filter((type) => !known.has(type)),
    [],
  );
});

test('no major of an event stands there twice, and each has an example', () => {
  const keys = EVENT_CATALOGUE.map(({ type, major }) => `${type} ${major}`);

  assert.equal(new Set(keys).size, keys.length);
  for (const { type, schema } of EVENT_CATALOGUE) assert.ok(Array.isArray(schema['examples']), type);
});
