import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { openApp } from '../../support/app.ts';
import { cleanup } from '../../support/cleanup.ts';
import { tutorialOrder } from '../../support/orders.ts';

test('a role that may not log in is a 503 on every way to the database, and no stack for each', async (t) => {
  const role = `role_${randomBytes(6).toString('hex')}`;
  const url = (direct: string) => Object.assign(new URL(direct), { username: role, password: 'secret' }).href;
  const app = await openApp(t, { url });
  await app.db.query(`CREATE ROLE ${role} NOLOGIN PASSWORD 'secret'`);
  cleanup(t, async () => {
    await app.db.query(`DROP ROLE ${role}`);
  });
  const order = `/api/orders/${'0'.repeat(32)}`;

  const responses = await Promise.all([
    app.post(tutorialOrder()),
    app.cancel('0'.repeat(32)),
    app.request({ url: order }),
    app.request({ url: '/api/orders' }),
    app.request({ url: `${order}/events` }),
  ]);

  for (const response of responses) {
    assert.equal(response.statusCode, 503, response.body);
    assert.equal(response.json().type, 'urn:order-service:problem:database-unavailable');
    assert.equal(response.headers['retry-after'], '2');
  }
  const told = app.logs.filter(({ msg }) => String(msg).startsWith('Answering 503'));
  assert.deepEqual(
    told.map(({ level, code, err }) => [level, code, err]),
    responses.map(() => ['warn', '28000', undefined]),
  );
});
