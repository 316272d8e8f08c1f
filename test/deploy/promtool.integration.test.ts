import assert from 'node:assert/strict';
import { test } from 'node:test';
import { promtool } from '../support/promtool.ts';
import { apiMetrics, inboxMetrics, relayMetrics } from '../support/worked-metrics.ts';

const { skip } = promtool;

for (const [process, metrics] of Object.entries({
  relay: relayMetrics,
  api: apiMetrics,
  inbox: inboxMetrics,
}))
  test(`promtool has nothing to say about the metrics of the ${process}`, { skip }, async (t) => {
    assert.equal(promtool.run(['check', 'metrics'], ownText(await metrics(t))), '');
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
