import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RetentionCutoff } from '../../../relay/retention/retention-cutoff.ts';
import { parseRetention } from '../../../src/core/retention-period.ts';

const HOUR_MS = 3_600_000;
const at = (time: string) => new Date(`2026-11-23T${time}Z`);

test('days, hours and minutes are read, and off keeps everything', () => {
  assert.deepEqual(['30d', '12h', '90m', 'off'].map(parseRetention), [
    30 * 24 * HOUR_MS,
    12 * HOUR_MS,
    1.5 * HOUR_MS,
    undefined,
  ]);
});

test('nothing is safe before the stored progress has passed what was the end of the WAL', () => {
  const cutoff = new RetentionCutoff(HOUR_MS);

  assert.equal(cutoff.observe({ now: at('12:00:00'), lsn: 100n, unrepeatedLsn: 90n }), undefined);
  assert.equal(cutoff.observe({ now: at('13:00:00'), lsn: 200n, unrepeatedLsn: 99n }), undefined);
  assert.deepEqual(cutoff.observe({ now: at('14:00:00'), lsn: 300n, unrepeatedLsn: 100n }), at('12:00:00'));
});

test('what is safe is kept for its time all the same', () => {
  const cutoff = new RetentionCutoff(HOUR_MS);
  cutoff.observe({ now: at('12:00:00'), lsn: 100n, unrepeatedLsn: 90n });

  assert.deepEqual(cutoff.observe({ now: at('12:10:00'), lsn: 200n, unrepeatedLsn: 150n }), at('11:10:00'));
});

test('while the progress stands still, the cutoff stops at the last moment that was safe', () => {
  const cutoff = new RetentionCutoff(HOUR_MS);
  cutoff.observe({ now: at('12:00:00'), lsn: 100n, unrepeatedLsn: 90n });
  cutoff.observe({ now: at('12:01:00'), lsn: 200n, unrepeatedLsn: 110n });

  assert.deepEqual(cutoff.observe({ now: at('20:00:00'), lsn: 900n, unrepeatedLsn: 110n }), at('12:00:00'));
  assert.deepEqual(cutoff.observe({ now: at('21:00:00'), lsn: 950n, unrepeatedLsn: 200n }), at('12:01:00'));
});

test('a progress that was forgotten makes nothing more safe, and nothing less', () => {
  const cutoff = new RetentionCutoff(HOUR_MS);
  cutoff.observe({ now: at('12:00:00'), lsn: 100n, unrepeatedLsn: 90n });
  cutoff.observe({ now: at('12:01:00'), lsn: 200n, unrepeatedLsn: 110n });

  assert.deepEqual(cutoff.observe({ now: at('20:00:00'), lsn: 900n, unrepeatedLsn: 0n }), at('12:00:00'));
});
