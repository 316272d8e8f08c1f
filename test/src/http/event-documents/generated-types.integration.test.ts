import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import openapiTypeScript, { astToString, type OpenAPI3 } from 'openapi-typescript';
import { compileStrictly, packageFolder } from '../../../support/compile-strictly.ts';
import { openEdge } from '../../../support/edge-app.ts';

// Types of the events as a consumer makes them: by openapi-typescript from the document of the running service.

const CONSUMER = `
import type { components } from './events.ts';

type Events = components['schemas'];

export function totalOf(event: Events['OrderCreated']): number {
  return event.items.reduce((sum, { lineTotal }) => sum + lineTotal, 0);
}

export const whyOf = ({ reason, cancelledAt }: Events['OrderCancelled']): string => reason + cancelledAt;

/** Mistakes that the compiler finds: without one of them it would complain of its line. */
export function mistakes(event: Events['OrderCreated']) {
  // @ts-expect-error an amount is a number
  const text: string = event.totalAmount;
  // @ts-expect-error there is no such member
  event.items[0]?.price;
  return text;
}
`;

test('types that are generated from the contract compile, and find mistakes', async (t) => {
  const app = await openEdge(t);
  const { channels } = (await app.inject('/asyncapi.json')).json();
  const messages = Object.values<{ name: string; payload: object }>(channels.orders.messages);
  const folder = packageFolder(t);

  const types = await openapiTypeScript({
    openapi: '3.1.0',
    info: { title: 'Events', version: '1' },
    paths: {},
    components: { schemas: Object.fromEntries(messages.map(({ name, payload }) => [name, payload])) },
  } as OpenAPI3);
  writeFileSync(join(folder, 'events.ts'), astToString(types));
  writeFileSync(join(folder, 'consumer.ts'), CONSUMER);

  assert.equal(compileStrictly(folder, 'consumer.ts'), '');
});
