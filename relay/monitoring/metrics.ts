import { Counter, Gauge, Registry } from 'prom-client';
import { registerHistogram } from '../../src/core/histogram-metric.ts';
import { processFigures } from '../../src/core/process-figures.ts';
import { VERSION } from '../../src/core/version.ts';
import { measureLag, type OutboxLagDeps } from './outbox-lag.ts';

/** What PostgreSQL's `wal_status` of a slot can be. https://www.postgresql.org/docs/current/view-pg-replication-slots.html */
const WAL_STATUSES = ['reserved', 'extended', 'unreserved', 'lost'];

/** The relay's figures, and those of its process. Those of the database are absent while it does not answer. */
export async function collectMetrics(deps: OutboxLagDeps): Promise<Registry> {
  const { monitor, routing } = deps;
  const registry = new Registry();
  const registers = [registry];
  const count = (name: string, help: string, value: number) =>
    new Counter({ name: `outbox_relay_${name}_total`, help, registers }).inc(value);
  const gauge = (name: string, help: string, value: number | null | undefined) => {
    if (value != null) new Gauge({ name: `outbox_relay_${name}`, help, registers }).set(value);
  };

  const { counts } = monitor;
  count('received', 'Events taken from the WAL or the table.', counts.received);
  count('published', 'Events that the broker has accepted.', counts.published);
  count('settled', 'Events marked in the table.', counts.settled);
  count('already_settled', 'Events that came again and were not sent again.', counts.alreadySettled);
  count('parked', 'Events that the broker can never take.', counts.parked);
  count('deferred', 'Events left in the table behind a parked one of their order.', counts.deferred);
  count('redriven', 'Events read from the table because an operator asked for it.', counts.redriven);
  count('rejected_batches', 'Sends that failed.', counts.rejectedBatches);
  count('sessions', 'Times the stream was begun.', counts.sessions);
  count('deleted_rows', 'Rows deleted because they were settled long enough ago.', counts.deletedRows);
  count(
    'slots_let_go',
    'Times the slot was dropped because the broker was away for long.',
    counts.slotsLetGo,
  );
  const settlements = new Counter({
    name: 'outbox_relay_table_settlements_total',
    help: 'Times the slot was made anew and the table settled.',
    labelNames: ['reason'],
    registers,
  });
  for (const [reason, times] of Object.entries(monitor.recoveriesFor)) settlements.inc({ reason }, times);
  const refusals = new Counter({
    name: 'outbox_relay_refusals_total',
    help: 'Sends that failed, by the code of the error.',
    labelNames: ['code'],
    registers,
  });
  for (const [code, times] of monitor.refusals) refusals.inc({ code }, times);
  const published = new Counter({
    name: 'outbox_relay_entity_published_total',
    help: 'Events that the topic or queue has accepted.',
    labelNames: ['entity'],
    registers,
  });
  for (const [entity, times] of monitor.publishedTo) published.inc({ entity }, times);
  const ofEntities = (name: string, help: string, values: Iterable<[string, number]>) => {
    const each = new Gauge({ name: `outbox_relay_${name}`, help, labelNames: ['entity'], registers });
    for (const entity of routing.destinations) each.set({ entity }, 0);
    for (const [entity, value] of values) each.set({ entity }, value);
  };
  ofEntities(
    'entity_failed_sends',
    'Sends to the topic or queue that failed since the last success.',
    monitor.figures.away,
  );
  registerHistogram(registry, {
    name: 'outbox_relay_commit_to_accepted_seconds',
    help: 'From the commit of an event until the broker accepted it.',
    series: () => [{ labels: {}, counts: monitor.latency }],
  });
  registerHistogram(registry, {
    name: 'outbox_relay_batch_messages',
    help: 'Events of a batch that the broker accepted.',
    series: () => [{ labels: {}, counts: monitor.batchSizes }],
  });
  const build = new Gauge({
    name: 'outbox_relay_build_info',
    help: '1, with the version that runs.',
    labelNames: ['version'],
    registers,
  });
  build.set({ version: VERSION }, 1);
  gauge('ready', '1 if streaming and sending, or standing by.', Number(monitor.isReady));
  gauge('streaming', '1 if this relay has the slot.', Number(monitor.phase === 'streaming'));
  gauge(
    'database_set_back',
    '1 while an operator has to confirm the database.',
    Number(monitor.phase === 'set-back'),
  );
  gauge('failed_sends', 'Sends that failed since the last success.', monitor.figures.failures);
  gauge('held_orders', 'Orders that wait behind a parked event.', monitor.figures.parkedOrders);
  gauge(
    'locked_rows',
    'Rows that cannot be marked because another session has locked them.',
    monitor.figures.lockedRows,
  );
  if (monitor.blocked) {
    const help = '1 for what keeps the oldest event from moving; absent while it moves.';
    new Gauge({ name: 'outbox_relay_blocked', help, labelNames: ['by'], registers }).set(
      { by: monitor.blocked.by },
      1,
    );
  }
  gauge('unsettled_in_memory', 'Events received and not settled.', monitor.unsettled);

  const lag = await measureLag(deps);
  const ageMs = lag.oldestUnsettled?.ageMs ?? (lag.databaseError === null ? 0 : null);
  gauge('lag_bytes', 'WAL that has not been dealt with.', lag.lagBytes);
  gauge('slot_lag_bytes', 'WAL after what the slot has been confirmed.', lag.slotLagBytes);
  gauge('retained_bytes', 'WAL the slot keeps on disk.', lag.retainedBytes);
  gauge('safe_wal_bytes', 'WAL until the slot is in danger; absent without a limit.', lag.safeWalBytes);
  if (lag.walStatus !== null) {
    const help = '1 for the wal_status that the slot has, 0 for the others.';
    const status = new Gauge({ name: 'outbox_relay_wal_status', help, labelNames: ['status'], registers });
    for (const each of WAL_STATUSES) status.set({ status: each }, 0);
    status.set({ status: lag.walStatus }, 1);
  }
  gauge('parked', 'Events that are parked now.', lag.parkedEvents?.parked);
  if (lag.parkedEvents) {
    const { parkedByEntity } = lag.parkedEvents;
    ofEntities(
      'entity_parked',
      'Events for the topic or queue that are parked now.',
      Object.entries(parkedByEntity),
    );
  }
  gauge(
    'waiting',
    'Events that wait behind a parked one of their order, or to be sent again.',
    lag.parkedEvents?.waiting,
  );
  const parkedMs =
    lag.parkedEvents &&
    (lag.parkedEvents.oldestParkedAt ? Date.now() - lag.parkedEvents.oldestParkedAt.getTime() : 0);
  gauge(
    'oldest_parked_seconds',
    'Since when the first of the parked events is parked; 0 without one.',
    parkedMs && parkedMs / 1000,
  );
  gauge(
    'oldest_unsettled_seconds',
    'Age of the oldest unsettled event; 0 without one.',
    ageMs && ageMs / 1000,
  );
  return Registry.merge([registry, processFigures]);
}
