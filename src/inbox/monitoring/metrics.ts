import { Counter, Gauge, Registry } from 'prom-client';
import { registerHistogram } from '../../core/histogram-metric.ts';
import { processFigures } from '../../core/process-figures.ts';
import { VERSION } from '../../core/version.ts';
import type { InboxMonitor } from './inbox-monitor.ts';

/** The inbox's figures, and those of its process. What only the database knows is absent while it does not answer. */
export function collectMetrics(monitor: InboxMonitor): Registry {
  const registry = new Registry();
  const registers = [registry];
  const gauge = (name: string, help: string, ...labelNames: string[]) =>
    new Gauge({ name: `inbox_${name}`, help, labelNames, registers });

  const received = new Counter({
    name: 'inbox_received_total',
    help: 'Messages that were received, those that came again included.',
    labelNames: ['consumer'],
    registers,
  });
  const messages = new Counter({
    name: 'inbox_messages_total',
    help: 'Messages by what became of them.',
    labelNames: ['consumer', 'type', 'fate'],
    registers,
  });
  const receiving = gauge('receiving', '1 if this consumer can receive.', 'consumer');
  const inHand = gauge('in_hand', 'Messages that are being handled.', 'consumer');
  const oldest = gauge(
    'oldest_in_hand_seconds',
    'For how long the oldest of them; 0 without one.',
    'consumer',
  );
  for (const [consumer, figures] of monitor.consumers) {
    received.inc({ consumer }, figures.received);
    for (const [type, ofType] of figures.fates) {
      for (const [fate, times] of ofType) messages.inc({ consumer, type, fate }, times);
    }
    receiving.set(
      { consumer },
      Number(monitor.phase === 'receiving' && figures.isConnected && !figures.awaySince),
    );
    inHand.set({ consumer }, figures.inHand);
    const since = figures.oldestInHand?.since.getTime();
    oldest.set({ consumer }, since === undefined ? 0 : (Date.now() - since) / 1_000);
  }
  registerHistogram(registry, {
    name: 'inbox_accepted_to_committed_seconds',
    help: 'From when the broker took a message until its effect was committed.',
    series: () =>
      Array.from(monitor.consumers, ([consumer, { latency }]) => ({ labels: { consumer }, counts: latency })),
  });
  new Counter({
    name: 'inbox_deleted_rows_total',
    help: 'Rows deleted because their messages were handled long enough ago.',
    registers,
  }).inc(monitor.deletedRows);
  gauge('ready', '1 if it receives, and what it has received moves.').set(Number(monitor.isReady));
  gauge('build_info', '1, with the version that runs.', 'version').set({ version: VERSION }, 1);
  if (monitor.blocked) {
    const help = '1 for what keeps messages from moving; absent while they move.';
    gauge('blocked', help, 'by').set({ by: monitor.blocked.by }, 1);
  }
  if (monitor.waiting) {
    const waiting = gauge('waiting', 'Messages that wait in the table for a person.', 'consumer');
    for (const consumer of monitor.consumers.keys()) waiting.set({ consumer }, 0);
    for (const [consumer, count] of monitor.waiting) waiting.set({ consumer }, count);
  }
  return Registry.merge([registry, processFigures]);
}
