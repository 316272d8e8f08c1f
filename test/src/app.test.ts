import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Type } from '@sinclair/typebox';
import pg from 'pg';
import { buildApp } from '../../src/app.ts';
import { createLogger } from '../../src/core/log.ts';

test('an answer is what the route says, never what a response schema makes of it', async (t) => {
  const log = createLogger({ level: 'silent', service: 'test' });
  const app = await buildApp({ pool: new pg.Pool(), log, docs: false });
  t.after(() => app.close());
  const documented = Type.Object({ amount: Type.Integer() }, { additionalProperties: false });
  const answered = { amount: 89.97, forgotten: 'in the schema' };
  app.get('/probe', { schema: { response: { 200: documented } } }, () => answered);

  const response = await app.inject({ url: '/probe' });

  assert.deepEqual(response.json(), answered);
});
