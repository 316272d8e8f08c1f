import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type TestContext, test } from 'node:test';
import { parse, stringify } from 'yaml';
import { document } from '../support/documents.ts';
import { seriesOf } from '../support/metrics.ts';
import { promtool } from '../support/promtool.ts';
import { apiMetrics, inboxMetrics, relayMetrics } from '../support/worked-metrics.ts';

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly annotations: Readonly<Record<string, string>>;
}

interface AlertTest {
  readonly alertname: string;
  readonly exp_alerts?: readonly unknown[];
}

const FOLDER = 'deploy/observability';
const { skip } = promtool;
const { groups }: { groups: { rules: Rule[] }[] } = parse(read('alerts.yml'));
const rules = groups.flatMap((group) => group.rules);
const { tests }: { tests: { alert_rule_test: AlertTest[] }[] } = parse(read('alerts.test.yml'));
const dashboard: { panels: { targets: { expr: string }[] }[] } = JSON.parse(read('grafana-dashboard.json'));
const queries = dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));

test('Prometheus takes its configuration with the rules', { skip }, () => {
  assert.equal(promtool.run(['check', 'config', `${FOLDER}/prometheus.yml`]), '');
  assert.equal(promtool.run(['check', 'rules', '--lint-fatal', `${FOLDER}/alerts.yml`]), '');
});

test('every rule fires when it should, and not before', { skip }, () => {
  assert.equal(promtool.run(['test', 'rules', `${FOLDER}/alerts.test.yml`]), '');
});

for (const [expr, what] of [
  ['vector(1) < 0', 'never fires'],
  ['vector(1)', 'always fires'],
]) {
  test(`the tests notice a rule that ${what}`, { skip }, (t) => {
    const folder = temporaryFolder(t);
    const changed = rules.map((rule) => ({ ...rule, expr, for: '0s' }));
    writeFileSync(join(folder, 'alerts.yml'), stringify({ groups: [{ name: 'changed', rules: changed }] }));
    writeFileSync(join(folder, 'alerts.test.yml'), read('alerts.test.yml'));

    const said = promtool.run(['test', 'rules', join(folder, 'alerts.test.yml')]);

    for (const { alert } of rules) assert.match(said, new RegExp(`alertname: ${alert}\\b`));
  });
}

test('every rule has a test in which it fires, and one in which it does not', () => {
  const cases = tests.flatMap((each) => each.alert_rule_test);
  const names = (fires: boolean) =>
    new Set(
      cases.filter(({ exp_alerts = [] }) => exp_alerts.length > 0 === fires).map((each) => each.alertname),
    );

  assert.ok(rules.length > 0);
  assert.deepEqual(names(true), new Set(rules.map(({ alert }) => alert)));
  assert.deepEqual(names(false), names(true));
});

test('every rule says what is wrong, and leads to a section of the runbook', () => {
  for (const { alert, annotations } of rules) {
    assert.ok(annotations['summary'] && annotations['description'], alert);
    const [path = '', anchor = ''] = annotations['runbook_url']?.split('#') ?? [];
    assert.equal(path, 'docs/runbook.md', alert);
    assert.ok(document(path).headings.has(anchor), `${alert}: ${anchor}`);
  }
});

test('every metric of a rule and of the dashboard is in the reference', () => {
  const listed = new Set(
    [
      ...document('docs/reference.md').text.matchAll(
        /^\| `((?:outbox_relay|inbox|http_server|db_client|order_service)_\w+)` \|/gm,
      ),
    ].map(([, name = '']) => name),
  );

  for (const expr of [...rules.map((rule) => rule.expr), ...queries]) {
    const used = metricsOf(expr);
    assert.ok(used.length > 0, expr);
    for (const name of used)
      assert.ok(listed.has(name) || listed.has(name.replace(/_seconds_(bucket|count)$/, '_seconds')), name);
  }
});

test('every label of a rule and of the dashboard is in the reference', () => {
  const { code } = document('docs/reference.md');
  const used = [...rules.map((rule) => rule.expr), ...queries].flatMap(labelsOf);

  assert.ok(used.includes('http_route'));
  assert.deepEqual(
    used.filter((label) => !['job', 'le', ...code].includes(label)),
    [],
  );
});

test('every query of the dashboard finds something in the metrics of a system that works', {
  skip,
}, async (t) => {
  const file = join(temporaryFolder(t), 'queries.yml');
  const texts = [await relayMetrics(t), await apiMetrics(t), await inboxMetrics()];
  const input_series = texts
    .flatMap((text) => [...seriesOf(text)])
    .filter(([, value]) => Number.isFinite(value))
    .map(([series, value]) => ({ series, values: `0+${value}x10` }));
  const asked = queries.map((expr) => `absent(${expr.replaceAll('$__rate_interval', '5m')})`);
  const promql_expr_test = asked.map((expr) => ({ expr, eval_time: '10m', exp_samples: [] }));
  writeFileSync(file, stringify({ tests: [{ interval: '1m', input_series, promql_expr_test }] }));

  const said = promtool.run(['test', 'rules', file]);

  // They are there only with max_slot_wal_keep_size, and only while something is blocked.
  assert.deepEqual(
    [...said.matchAll(/expr: "(.*?)", time:/g)].map(([, expr]) => expr),
    [
      'absent(max(outbox_relay_safe_wal_bytes))',
      'absent(max by (by) (outbox_relay_blocked))',
      'absent(max by (by) (inbox_blocked))',
    ],
    said,
  );
});

function read(name: string): string {
  return readFileSync(resolve(FOLDER, name), 'utf8');
}

/** The metrics that a PromQL expression names: what is no function, keyword, label or duration. */
function metricsOf(expr: string): string[] {
  const bare = expr.replaceAll(/\{[^}]*\}|\[[^\]]*\]|\b(by|without)\s*\([^)]*\)/g, '');
  const words = bare.match(/\b[a-zA-Z_]\w*\b(?!\s*\()/g) ?? [];
  return words.filter((word) => !['or', 'and', 'unless', 'bool'].includes(word));
}

/** The labels that it asks for or groups by. */
function labelsOf(expr: string): string[] {
  const matched = [...expr.matchAll(/(\w+)\s*(?:=~|!~|!=|=)\s*"/g)];
  const grouped = [...expr.matchAll(/\b(?:by|without)\s*\(([^)]*)\)/g)];
  return [...matched, ...grouped].flatMap(([, labels = '']) => labels.split(/\s*,\s*/));
}

function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'observability-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}
