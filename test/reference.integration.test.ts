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
import { inboxConfig } from '../src/inbox/config.ts';
import { buildHealthServer as buildInboxHealthServer } from '../src/inbox/monitoring/health-server.ts';
import { InboxMonitor } from '../src/inbox/monitoring/inbox-monitor.ts';
import { FATES, BLOCKERS as INBOX_BLOCKERS, INBOX_STATES } from '../src/inbox/monitoring/inbox-states.ts';
import { openApp } from './support/app.ts';
import { cleanup } from './support/cleanup.ts';
import { createDatabase } from './support/database.ts';
import { documents } from './support/documents.ts';
import { ownMetrics } from './support/metrics.ts';
import { OUTBOX } from './support/outbox-table.ts';

// The tables of docs/reference.md, against what there is.

const reference = readFileSync('docs/reference.md', 'utf8');

test('every variable is in the table with its default', () => {
  const configs = { api: apiConfig, relay: relayConfig, inbox: inboxConfig };
  const schemas = Object.assign({}, ...Object.values(configs).map(({ properties }) => properties)) as Record<
    string,
    Schema
  >;
  const rows = rowsOf('Environment');
  const required = new Set<string>(Object.values(configs).flatMap((config) => config.required ?? []));

  assert.equal(rows.length, Object.keys(schemas).length);
  assert.deepEqual(new Set(rows.map(([name]) => name)), new Set(Object.keys(schemas)));
  for (const [name = '', shown = '', usedBy = ''] of rows) {
    const schema = schemas[name];
    if (schema?.default !== undefined) assert.equal(shown, `\`${schema.default}\``, name);
    else assert.equal(shown === 'required', required.has(name), name);
    const users = Object.entries(configs).flatMap(([user, { properties }]) =>
      name in properties ? [user] : [],
    );
    const all = users.length === Object.keys(configs).length;
    assert.equal(usedBy.replace(/, migrations$/, ''), all ? 'all' : users.join(', '), name);
  }
});

test('every npm script is in the table', () => {
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8'));
  const named = [...section('npm scripts').matchAll(/^\| `npm (?:run ([\w:-]+)|(test))`/gm)].map(
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
  assert.deepEqual(cellsOf("The relay's states"), [...statesOf(RELAY_STATES), ...Object.entries(BLOCKERS)]);
});

test('the members of the status, the states and the results of the inbox are in their tables', async (t) => {
  const server = buildInboxHealthServer(new InboxMonitor(['inventory'], []));
  cleanup(t, () => server.close());
  const status = (await server.inject('/status')).json();

  assert.deepEqual(namesOf("The inbox's status"), Object.keys(status));
  assert.deepEqual(namesOf('Of each consumer'), Object.keys(status.consumers.inventory));
  assert.deepEqual(cellsOf("The inbox's states"), [
    ...statesOf(INBOX_STATES),
    ...Object.entries(INBOX_BLOCKERS),
  ]);
  assert.deepEqual(cellsOf('What becomes of a message'), Object.entries(FATES));
});

test('every metric of the inbox is in its table, and no other', async (t) => {
  const monitor = new InboxMonitor(['inventory'], []);
  monitor.waiting = new Map();
  monitor.away('inventory', new Error('away'));
  monitor.phase = 'receiving';
  const server = buildInboxHealthServer(monitor);
  cleanup(t, () => server.close());

  const given = ownMetrics((await server.inject('/metrics')).body).map(({ name }) => name);

  assert.deepEqual(new Set(namesOf('Metrics of the inbox')), new Set(given));
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
  const ofMetrics = /^(outbox_relay|inbox|http_server|db_client|order_service)_/;
  const named = documents.flatMap(({ code }) =>
    code.filter((text) => ofMetrics.test(text) && !text.startsWith('db_client_connection_state')),
  );
  const listed = ['Metrics', 'Metrics of the api', 'Metrics of the inbox'].flatMap(namesOf);

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

/** Name and the rest of each row, without links to the runbook. */
function cellsOf(title: string): string[][] {
  const text = section(title).replaceAll(/ \(\[runbook\]\([^)]*\)\)/g, '');
  return [...text.matchAll(/^\| `([^`]+)` \| (.*) \|$/gm)].map(([, name = '', rest = '']) => [name, rest]);
}

const statesOf = (states: Readonly<Record<string, { ready: boolean; means: string }>>) =>
  Object.entries(states).map(([name, { ready, means }]) => [name, `${ready ? 'yes' : 'no'} | ${means}`]);

const namesOf = (title: string) => rowsOf(title).map(([name = '']) => name);
