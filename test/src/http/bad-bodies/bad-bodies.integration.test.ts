import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openApp } from '../../../support/app.ts';
import { tutorialOrder } from '../../../support/orders.ts';
import { unreadableBodies } from './unreadable-bodies.ts';
import { wrongFields } from './wrong-fields.ts';
import { wrongItems } from './wrong-items.ts';

const BAD_BODIES = [...unreadableBodies, ...wrongFields, ...wrongItems];

test('every bad body is a problem that names each wrong field, and changes nothing', async (t) => {
  const { post, rowCounts } = await openApp(t);

  for (const { name, body, status = 400, pointers, headers } of BAD_BODIES) {
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
