import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RenewedLock } from '../../../../src/inbox/receiving/renewed-lock.ts';
import { cleanup } from '../../../support/cleanup.ts';
import { until } from '../../../support/until.ts';

const HOUR_MS = 3_600_000;

test('a lock that seems to last for an hour, since this clock is behind, is renewed all the same', async (t) => {
  let renewals = 0;
  const seemsToEnd = () => new Date(Date.now() + HOUR_MS);
  const renew = async () => {
    renewals++;
    return seemsToEnd();
  };

  const lock = new RenewedLock(seemsToEnd(), renew, 10);
  cleanup(t, () => lock.end());
  await until('it is renewed twice', () => renewals === 2);

  assert.equal(lock.lost.aborted, false);
});
