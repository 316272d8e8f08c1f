import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { relayConfig } from '../relay/config.ts';
import { buildHealthServer } from '../relay/monitoring/health-server.ts';
import { RelayMonitor } from '../relay/monitoring/relay-monitor.ts';
import { BLOCKERS, RELAY_STATES } from '../relay/monitoring/relay-states.ts';
import { Routing } from '../relay/outbox/routing.ts';
import { RECOVERY_REASONS } from '../relay/recovery/start-decision.ts';
import { apiConfig } from '../src/config.ts';
import { openApp } from './support/app.ts';
import { cleanup } from './support/cleanup.ts';
import { createDatabase } from './support/database.ts';
import { documents } from './support/documents.ts';
import { ownMetrics } from './support/metrics.ts';
import { OUTBOX } from './support/outbox-table.ts';

// The tables of docs/reference.md, against what there is.

const reference = readFileSync('docs/reference.md', 'utf8');

test('every variable is in the table with its default', () => {
  const schemas = { ...apiConfig.properties, ...relayConfig.properties } as Record<string, Schema>;
  const rows = rowsOf('Environment');
  const required = new Set<string>([...(apiConfig.required ?? []), ...(relayConfig.required ?? [])]);

  assert.equal(rows.length, Object.keys(schemas).length);
  assert.deepEqual(new Set(rows.map(([name]) => name)), new Set(Object.keys(schemas)));
  for (const [name = '', shown = '', usedBy = ''] of rows) {
    const schema = schemas[name];
    if (schema?.default !== undefined) assert.equal(shown, `\`${schema.default}\``, name);
    else assert.equal(shown === 'required', required.has(name), name);
    const used = { api: name in apiConfig.properties, relay: name in relayConfig.properties };
    assert.match(
      usedBy,
      used.api && used.relay ? /^both$|^api, relay/ : used.api ? /^api$/ : /^relay$/,
      name,
    );
  }
});

test('every npm script is in the table', () => {
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8'));
  const named = [...section('npm scripts').matchAll(/^\| `npm (?:run ([\w:]+)|(test))`/gm)].map(
    ([, run, short]) => run ?? short,
  );

  assert.equal(named.length, Object.keys(scripts).length);
  assert.deepEqual(new Set(named), new Set(Object.keys(scripts)));
});

test('every member of the status and every reason is in its table', async (t) => {
  const { pool } = await createDatabase(t);
  const server = healthServer({ pool });
  cleanup(t, () => server.close());
  assert.deepEqual(namesOf("The relay's status"), Object.keys((await server.inject('/status')).json()));
  assert.deepEqual(namesOf('Why the table is settled'), Object.keys(RECOVERY_REASONS));
});

test('the states of the relay, and what keeps the oldest event from moving, are as the relay has them', () => {
  const text = section("The relay's states").replaceAll(/ \(\[runbook\]\([^)]*\)\)/g, '');
  const cells = [...text.matchAll(/^\| `([^`]+)` \| (.*) \|$/gm)].map(([, name = '', rest = '']) => [
    name,
    rest,
  ]);

  assert.deepEqual(cells, [
    ...Object.entries(RELAY_STATES).map(([name, { ready, means }]) => [
      name,
      `${ready ? 'yes' : 'no'} | ${means}`,
    ]),
    ...Object.entries(BLOCKERS),
  ]);
});

test('every metric is in the table, and every one in the table can be', async (t) => {
  const { pool } = await createDatabase(t);
  const server = healthServer({ pool });
  cleanup(t, () => server.close());
  const source = readFileSync('relay/monitoring/metrics.ts', 'utf8');

  const { body } = await server.inject('/metrics');

  const listed = namesOf('Metrics');
  const given = ownMetrics(body).map(({ name }) => name);
  assert.ok(given.length > 15);
  assert.deepEqual(
    given.filter((name) => !listed.includes(name)),
    [],
  );
  for (const name of listed) {
    const stem = name.replace(/^outbox_relay_/, '').replace(/_total$/, '');
    assert.ok(source.includes(`'${stem}'`) || source.includes(`'${name}'`), name);
  }
});

test('every metric of the api is in its table, and no other', async (t) => {
  const { app } = await openApp(t);

  const { body } = await app.inject('/metrics');

  const given = ownMetrics(body).map(({ name }) => name);
  assert.deepEqual(new Set(namesOf('Metrics of the api')), new Set(given));
});

test('every metric that a document names is in a table', () => {
  const ofMetrics = /^(outbox_relay|http_server|db_client|order_service)_/;
  const named = documents.flatMap(({ code }) =>
    code.filter((text) => ofMetrics.test(text) && !text.startsWith('db_client_connection_state')),
  );
  const listed = [...namesOf('Metrics'), ...namesOf('Metrics of the api')];

  assert.ok(named.length > listed.length);
  assert.deepEqual(
    named.filter((name) => !listed.includes(name)),
    [],
  );
});

interface Schema {
  readonly default?: string | number | boolean;
}

function healthServer(deps: Pick<Parameters<typeof buildHealthServer>[0], 'pool'>) {
  const monitor = new RelayMonitor();
  return buildHealthServer({
    table: OUTBOX,
    ...deps,
    monitor,
    slot: 'none',
    publication: 'order_outbox',
    routing: new Routing('orders'),
  });
}

/** What stands below a heading, up to the next one. */
function section(title: string): string {
  const [, text = ''] =
    new RegExp(`^#+ ${title}\n([\\s\\S]*?)(?=^#|$(?![\\s\\S]))`, 'm').exec(reference) ?? [];
  assert.ok(text, `there is a section ${title}`);
  return text;
}

/** The cells of a section's table, the names in its first column without their backticks. */
function rowsOf(title: string): string[][] {
  return [...section(title).matchAll(/^\| `(\w[\w-]*)` \|(.*)\|$/gm)].map(([, name = '', cells = '']) => [
    name,
    ...cells.split('|').map((cell) => cell.trim()),
  ]);
}

const namesOf = (title: string) => rowsOf(title).map(([name = '']) => name);
