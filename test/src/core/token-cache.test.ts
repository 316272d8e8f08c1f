import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Token, TokenCache } from '../../../src/core/token-cache.ts';

const MINUTE = 60_000;
const LONG = 60_000;

/** A cache by a clock that the test moves, and what answers it: tokens 1, 2, 3 of an hour each, or what the test says. */
function openCache(ask?: () => Promise<Token>) {
  const clock = { now: 0 };
  const asked = { times: 0 };
  const next = async () => ({ token: String(asked.times), expiresOnTimestamp: clock.now + 60 * MINUTE });
  const cache = new TokenCache({
    ask: () => {
      asked.times++;
      return (ask ?? next)();
    },
    now: () => clock.now,
    random: () => 0,
  });
  return { cache, clock, asked };
}

test('many who need a token at once make one request, and later ones use what it brought', async () => {
  const { cache, clock, asked } = openCache();

  const first = await Promise.all(Array.from({ length: 20 }, () => cache.get(LONG)));
  clock.now = 54 * MINUTE;
  const later = await cache.get(LONG);

  assert.deepEqual(new Set([...first, later]), new Set(['1']));
  assert.equal(asked.times, 1);
});

test('shortly before it expires a token is renewed, and used until the new one is there', async () => {
  const { cache, clock, asked } = openCache();
  await cache.get(LONG);

  clock.now = 56 * MINUTE;
  const meanwhile = await cache.get(LONG);
  const renewed = await cache.get(LONG);

  assert.deepEqual([meanwhile, renewed, asked.times], ['1', '2', 2]);
});

test('a token that is about to expire is used no more: the new one is waited for', async () => {
  const { cache, clock } = openCache();
  await cache.get(LONG);

  clock.now = 59.6 * MINUTE;

  assert.equal(await cache.get(LONG), '2');
});

test('a renewal that fails is no matter while the token lives, and is told when it has expired', async () => {
  const answers = [Promise.resolve({ token: 'old', expiresOnTimestamp: 60 * MINUTE })];
  const { cache, clock } = openCache(() => answers.shift() ?? Promise.reject(new Error('no identity')));
  await cache.get(LONG);

  clock.now = 56 * MINUTE;
  assert.equal(await cache.get(LONG), 'old');
  assert.equal(await cache.get(LONG), 'old');
  clock.now = 61 * MINUTE;
  await assert.rejects(cache.get(LONG), /no identity/);
});

test('after a failure nobody asks again at once, then one does', async () => {
  const { cache, clock, asked } = openCache(() => Promise.reject(new Error('no identity')));
  await assert.rejects(cache.get(LONG), /no identity/);

  await assert.rejects(cache.get(LONG), /no identity/);
  const askedAtOnce = asked.times;
  clock.now = 1_000;
  await assert.rejects(cache.get(LONG), /no identity/);

  assert.deepEqual([askedAtOnce, asked.times], [1, 2]);
});

test('who waits for too long is told so, and the request goes on for the next', async () => {
  const answer = Promise.withResolvers<Token>();
  const { cache, asked } = openCache(() => answer.promise);

  await assert.rejects(cache.get(1), /has not answered for 1 ms/);
  const next = cache.get(LONG);
  answer.resolve({ token: 'late', expiresOnTimestamp: 60 * MINUTE });

  assert.equal(await next, 'late');
  assert.equal(asked.times, 1);
});
