import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VerifiedTokens } from '../../../../src/http/auth/verified-tokens.ts';

const callerOf = (subject: string) => ({ issuer: 'i', subject, scopes: new Set<string>() });

test('a token is known until its time, and its caller is its own', () => {
  const verified = new VerifiedTokens();
  verified.keep('token a', callerOf('a'), 1_000);
  verified.keep('token b', callerOf('b'), 2_000);

  assert.equal(verified.find('token a', 999)?.subject, 'a');
  assert.equal(verified.find('token a', 1_000), undefined);
  assert.equal(verified.find('token b', 1_000)?.subject, 'b');
  assert.equal(verified.find('token c', 0), undefined);
});

test('of too many, the one that was asked for longest ago is forgotten', () => {
  const verified = new VerifiedTokens(2);
  verified.keep('a', callerOf('a'), 1_000);
  verified.keep('b', callerOf('b'), 1_000);
  verified.find('a', 0);

  verified.keep('c', callerOf('c'), 1_000);

  assert.deepEqual(
    ['a', 'b', 'c'].map((token) => verified.find(token, 0)?.subject),
    ['a', undefined, 'c'],
  );
});
