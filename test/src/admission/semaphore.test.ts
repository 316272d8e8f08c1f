import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Semaphore } from '../../../src/admission/semaphore.ts';

const LONG_MS = 60_000;

test('so many have a permit at once, the others get theirs in turn', async () => {
  const semaphore = new Semaphore(2, 10);
  const order: string[] = [];

  assert.deepEqual([semaphore.acquire(LONG_MS), semaphore.acquire(LONG_MS)], [undefined, undefined]);
  const waiting = ['a', 'b'].map(async (name) => {
    assert.equal(await semaphore.acquire(LONG_MS), undefined);
    order.push(name);
  });
  assert.deepEqual([semaphore.inUse, semaphore.waiting], [2, 2]);

  semaphore.release();
  await waiting[0];
  assert.deepEqual([order, semaphore.inUse, semaphore.waiting], [['a'], 2, 1]);
  semaphore.release();
  await waiting[1];
  semaphore.release();
  semaphore.release();
  assert.deepEqual([order, semaphore.inUse, semaphore.waiting], [['a', 'b'], 0, 0]);
});

test('who finds the queue full is told at once', async () => {
  const semaphore = new Semaphore(1, 1);
  void semaphore.acquire(LONG_MS);
  const waiting = semaphore.acquire(LONG_MS);

  assert.equal(semaphore.acquire(LONG_MS), 'queue-full');

  semaphore.release();
  assert.equal(await waiting, undefined);
});

test('who waits in vain is told whether anything moved meanwhile, and is passed over then', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const semaphore = new Semaphore(1, 10);
  void semaphore.acquire(LONG_MS);

  const stuck = semaphore.acquire(10);
  t.mock.timers.tick(10);
  assert.equal(await stuck, 'stuck');

  const served = semaphore.acquire(LONG_MS);
  const late = semaphore.acquire(10);
  semaphore.release();
  t.mock.timers.tick(10);
  assert.deepEqual([await served, await late], [undefined, 'too-late']);

  semaphore.release();
  assert.deepEqual([semaphore.inUse, semaphore.waiting], [0, 0]);
});
