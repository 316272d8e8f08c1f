import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { interruptUnderLoad, killInTransaction } from './interruptions.ts';

describe('a relay that ends', { concurrency: 3 }, () => {
  test('killed under load it repeats nothing that was marked, and all else under the same id', async (t) => {
    await interruptUnderLoad(t, { signal: 'SIGKILL', rounds: 4 });
  });

  test('stopped under load it repeats nothing', async (t) => {
    const { repeated } = await interruptUnderLoad(t, { signal: 'SIGTERM', rounds: 2 });

    assert.equal(repeated, 0);
  });

  test('killed in the middle of a transaction it sends the rest of it, in order', async (t) => {
    const arrived = await killInTransaction(t);

    assert.deepEqual(
      arrived,
      Array.from({ length: 50 }, (_, i) => `Row${i + 1}`),
    );
  });
});
