import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DeliveryLog } from '../../../relay/console/delivery-log.ts';
import { LatencyHistogram } from '../../../relay/console/latency-histogram.ts';
import { epochMs } from '../../../relay/monitoring/epoch-clock.ts';

const delivered = (messageId: string, committedAt: number | undefined, decodedAt?: number) => ({
  message: { messageId },
  destination: 'orders',
  transaction: { committedAt, decodedAt },
});

test('a delivery is found with its times, and what is not known of it is undefined', () => {
  const log = new DeliveryLog();
  const now = epochMs();

  log.accepted([delivered('streamed', now - 5, now - 3), delivered('from the table', undefined)], now - 2);

  const streamed = log.find('streamed');
  assert.deepEqual(
    [streamed?.committedAt, streamed?.decodedAt, streamed?.sentAt],
    [now - 5, now - 3, now - 2],
  );
  assert.ok((streamed?.acceptedAt ?? 0) >= now);
  assert.deepEqual(
    [log.find('from the table')?.committedAt, log.find('from the table')?.decodedAt],
    [undefined, undefined],
  );
  assert.equal(log.find('unknown'), undefined);
});

test('of a message that was delivered again, the last delivery counts', () => {
  const log = new DeliveryLog();
  for (const sentAt of [1, 2, 3]) log.accepted([delivered('again', 0)], sentAt);

  assert.equal(log.find('again')?.sentAt, 3);
});

test('it keeps the last deliveries, however many there were, the last one first', () => {
  const log = new DeliveryLog();
  assert.deepEqual(log.last(3), []);
  for (let n = 1; n <= 20_000; n++) log.accepted([delivered(`id-${n}`, undefined)], n);

  assert.deepEqual(log.last(3), ['id-20000', 'id-19999', 'id-19998']);
  assert.equal(log.find('id-1'), undefined);
  assert.equal(log.find('id-15000')?.sentAt, 15_000);
});

test('the latency is that of what was accepted since it was last asked', () => {
  const log = new DeliveryLog();
  assert.deepEqual(log.takeLatency(), { p50: undefined, p99: undefined });
  log.accepted([delivered('slow', epochMs() - 1_000)], 0);

  const { p50 = 0 } = log.takeLatency();

  assert.ok(p50 > 900 && p50 < 1_500, `${p50} ms`);
  assert.deepEqual(log.takeLatency(), { p50: undefined, p99: undefined });
});

test('a percentile is off by five per cent at most, from a hundredth of a millisecond to minutes', () => {
  for (const ms of [0.02, 0.9, 5, 47, 333, 60_000, 600_000]) {
    const histogram = new LatencyHistogram();
    histogram.add(ms);
    const told = histogram.percentile(0.5) ?? 0;
    assert.ok(Math.abs(told / ms - 1) < 0.05, `${told} for ${ms}`);
  }
});

test('of many times, each percentile is where it belongs', () => {
  const histogram = new LatencyHistogram();
  for (let ms = 1; ms <= 1_000; ms++) histogram.add(ms);

  assert.ok(Math.abs((histogram.percentile(0.5) ?? 0) / 500 - 1) < 0.05);
  assert.ok(Math.abs((histogram.percentile(0.99) ?? 0) / 990 - 1) < 0.05);
});

test('a clock that is behind, or a time beyond all buckets, is counted at the end of them', () => {
  const histogram = new LatencyHistogram();
  for (const ms of [-20, 0, 1e9]) histogram.add(ms);

  assert.equal(histogram.count, 3);
  assert.ok((histogram.percentile(0.5) ?? 1) < 0.02);
  assert.ok((histogram.percentile(1) ?? 0) > 1_000_000);
});
