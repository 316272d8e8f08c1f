import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkSasToken } from '../../../dev/service-bus/sas-token.ts';
import { sasToken } from './sas-token.ts';
import { connect, failure, failureCode, openBroker } from './support.ts';

const audience = 'sb://localhost:5672/orders';
const now = Date.parse('2026-01-01T00:00:00Z');

test('a wrong key is refused', async (t) => {
  const bus = await openBroker(t, { queues: [{ name: 'q' }] }, { sasKey: 'right' });
  const client = connect(t, bus.connectionString.replace('SharedAccessKey=right', 'SharedAccessKey=wrong'));

  const error = await failure(client.createSender('q').sendMessages({ body: 'x' }));

  assert.equal(error.code, 'UnauthorizedAccess');
  assert.match(error.message, /InvalidSignature/);
});

test('a token that expires while its link is open stops the link', async (t) => {
  let nowMs = Date.now();
  const bus = await openBroker(t, { queues: [{ name: 'q' }] }, { now: () => nowMs });
  const sender = connect(t, bus.connectionString).createSender('q');
  await sender.sendMessages({ body: 'x' });

  nowMs += 2 * 3_600_000;

  assert.equal(await failureCode(sender.sendMessages({ body: 'x' })), 'UnauthorizedAccess');
});

const expiresAt = now + 60_000;
const checks = [
  { name: 'a token for the entity', token: sasToken({ resource: audience, expiresAt }), ok: true },
  {
    name: 'a token for the namespace',
    token: sasToken({ resource: 'sb://localhost:5672/', expiresAt }),
    ok: true,
  },
  {
    name: 'a token for another entity',
    token: sasToken({ resource: 'sb://localhost:5672/order', expiresAt }),
    ok: false,
  },
  {
    name: 'a token that has expired',
    token: sasToken({ resource: audience, expiresAt: now - 1_000 }),
    ok: false,
  },
  {
    name: 'a token signed with another key',
    token: sasToken({
      resource: audience,
      expiresAt,
      policy: { name: 'RootManageSharedAccessKey', key: 'other' },
    }),
    ok: false,
  },
  {
    name: 'a token of another policy',
    token: sasToken({ resource: audience, expiresAt, policy: { name: 'Other', key: 'SAS_KEY_VALUE' } }),
    ok: false,
  },
  { name: 'something that is no token', token: 'Bearer abc', ok: false },
];

for (const { name, token, ok } of checks) {
  test(`${name} is ${ok ? 'good' : 'refused'}`, () => {
    const policy = { name: 'RootManageSharedAccessKey', key: 'SAS_KEY_VALUE', rights: ['Send'] } as const;

    assert.equal(checkSasToken(token, audience, () => [policy], now).ok, ok);
  });
}
