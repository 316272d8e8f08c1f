import assert from 'node:assert/strict';
import { test } from 'node:test';
import { collectMetrics } from '../../relay/monitoring/metrics.ts';
import { openApp } from '../support/app.ts';
import { createDatabase } from '../support/database.ts';
import { tutorialOrder } from '../support/orders.ts';
import { OUTBOX } from '../support/outbox-table.ts';
import { promtool } from '../support/promtool.ts';
import {
  createBus,
  insertEvent,
  slotOf,
  startRelay,
  untilAllMarked,
  untilStreaming,
} from '../support/relay.ts';

const { skip } = promtool;

test('promtool has nothing to say about the metrics of the relay', { skip }, async (t) => {
  const { url, pool } = await createDatabase(t);
  const { monitor, ...relay } = startRelay(t, { url, bus: await createBus(t) });
  await untilStreaming({ monitor, ...relay });
  await insertEvent(pool, 'Event');
  await untilAllMarked(pool);

  const metrics = await collectMetrics({ monitor, pool, table: OUTBOX, slot: slotOf(url) });

  assert.equal(promtool.run(['check', 'metrics'], ownText(await metrics.metrics())), '');
});

test('promtool has nothing to say about the metrics of the api', { skip }, async (t) => {
  const { app, post } = await openApp(t);
  await post(tutorialOrder());
  await post('no order');

  const { body } = await app.inject('/metrics');

  assert.equal(promtool.run(['check', 'metrics'], ownText(body)), '');
});

test('promtool finds what is wrong with a metric', { skip }, () => {
  const wrong = '# HELP requests Requests.\n# TYPE requests counter\nrequests 1\n';

  assert.match(promtool.run(['check', 'metrics'], wrong), /counter metrics should have "_total" suffix/);
});

/** Without the metrics of prom-client itself, of which two gauges are called `_total`. */
function ownText(text: string): string {
  return text
    .split('\n')
    .filter((line) => !/^(# (HELP|TYPE) )?(nodejs|process)_/.test(line))
    .join('\n');
}
