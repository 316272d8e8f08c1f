import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import pg from 'pg';
import { parseCommand } from '../../../relay/admin/cli/arguments.ts';
import { outboxCommandConfig, relayConfig } from '../../../relay/config.ts';
import { buildHealthServer } from '../../../relay/monitoring/health-server.ts';
import { RelayMonitor } from '../../../relay/monitoring/relay-monitor.ts';
import { Routing } from '../../../relay/outbox/routing.ts';
import { apiConfig } from '../../../src/config.ts';
import { loadConfig } from '../../../src/core/config.ts';
import { VARIABLE_NAMES } from '../../../src/core/variable-names.ts';
import { inboxConfig } from '../../../src/inbox/config.ts';
import { openEdge } from '../../support/edge-app.ts';
import { OUTBOX } from '../../support/outbox-table.ts';
import { manifestFaults } from './manifest-faults.ts';
import { type Container, type Labels, type Manifest, podsOf, readManifests, render } from './manifests.ts';

const base = readManifests('base/*.yaml');
const rendered = { base: render('base'), 'overlays/azure': render('overlays/azure') };

/** Read by the SDK for Azure, or put in by it. */
const OF_AZURE = /^AZURE_/;
const SECRETS: Readonly<Record<string, string>> = {
  DATABASE_URL: 'postgres://role:password@server/orders',
  SERVICEBUS_CONNECTION_STRING: 'Endpoint=sb://bus.example/;SharedAccessKeyName=name;SharedAccessKey=key',
};
/** What a container's settings have to be right for. */
const CONFIGURED = { api: apiConfig, relay: relayConfig, inbox: inboxConfig, guard: outboxCommandConfig };
const PORTS: Readonly<Record<string, number>> = {
  api: loadConfig(apiConfig, { DATABASE_URL: 'postgres://server/orders', API_AUTH: 'none' }).PORT,
  relay: loadConfig(relayConfig, SECRETS).RELAY_PORT,
  inbox: loadConfig(inboxConfig, { ...SECRETS, INBOX_SUBSCRIPTIONS: 'inventory/order-service' }).INBOX_PORT,
};

test('the API of Kubernetes takes every manifest', async () => {
  assert.ok(base.length > 15);
  assert.deepEqual(await manifestFaults(base), []);
});

for (const [folder, manifests] of Object.entries(rendered)) {
  const skip = manifests === undefined && 'kubectl is not installed';

  test(`kustomize makes of ${folder} what the API of Kubernetes takes`, { skip }, async () => {
    assert.equal(manifests?.length, folder === 'base' ? base.length : base.length + 1);
    assert.deepEqual(await manifestFaults(manifests ?? []), []);
  });

  test(`the settings of ${folder} are right for each process`, { skip }, () => {
    checkSettings(manifests ?? []);
  });

  test(`what selects pods in ${folder} selects some`, { skip }, () => {
    checkSelectors(manifests ?? []);
  });
}

for (const [mistake, right, wrong, message] of [
  ['a misspelt name', '"livenessProbe"', '"livenesProbe"', /livenesProbe/],
  ['a missing member', '"selector":', '"selected":', /selector/],
  [
    'a value of another type',
    '"containerPort":5000',
    '"containerPort":"http"',
    /containerPort must be integer/,
  ],
] as const) {
  test(`the check of manifests finds ${mistake}`, async () => {
    const text = JSON.stringify(base.find(({ kind }) => kind === 'Deployment'));
    assert.ok(text.includes(right));

    const faults = await manifestFaults([JSON.parse(text.replace(right, wrong))]);

    assert.match(faults.join('\n'), message);
  });
}

test('every variable that is set anywhere is one that a process reads', () => {
  const names = readManifests('**/*.yaml').flatMap((manifest) => namesIn(manifest));

  assert.ok(names.length > 20);
  const known = new Set<string>([...VARIABLE_NAMES, ...VARIABLE_NAMES.map((name) => `${name}_FILE`)]);
  assert.deepEqual(
    names.filter((name) => !known.has(name) && !OF_AZURE.test(name)),
    [],
  );
});

test('the settings of the base are right for each process', () => checkSettings(base));

test('each container listens where its process does, and is asked for paths that there are', async (t) => {
  const monitor = new RelayMonitor();
  const pool = new pg.Pool({ connectionString: 'postgres://127.0.0.1:1/nowhere' });
  t.after(() => pool.end());
  const relay = buildHealthServer({
    monitor,
    pool,
    table: OUTBOX,
    slot: 's',
    publication: 'p',
    routing: new Routing('orders'),
  });
  const servers = { api: await openEdge(t), relay };

  for (const { owner, container } of podsOf(base).filter(({ container: { ports } }) => ports)) {
    const { name, ports, readinessProbe, livenessProbe } = container;
    assert.deepEqual(ports, [{ name: 'http', containerPort: PORTS[name] }], owner);
    for (const probe of [readinessProbe, livenessProbe]) {
      const { path = '', port } = probe?.httpGet ?? {};
      assert.equal(port, 'http');
      const server = servers[name as keyof typeof servers] ?? relay;
      assert.ok(server.hasRoute({ method: 'GET', url: path }), `${owner}: ${path}`);
    }
  }
});

test('each image has its target in the Dockerfile, and the guard is a command that there is', () => {
  const dockerfile = readFileSync('Dockerfile', 'utf8');
  const targets = new Set([...dockerfile.matchAll(/^FROM \S+ AS (\S+)/gm)].map(([, target]) => target));
  const images = new Set(podsOf(base).map(({ container }) => container.image.replace('order-service-', '')));
  const [guard] = readManifests('base/guard.yaml').flatMap((manifest) => podsOf([manifest]));
  const command = guard?.container.command ?? [];

  assert.deepEqual(
    [...images].filter((image) => !targets.has(image)),
    [],
  );
  assert.equal(command[1], 'relay/admin/cli/main.ts');
  assert.equal(parseCommand(command.slice(2)).command.name, 'guard');
});

test('relays are two, a disruption leaves one, and nothing scales them', () => {
  const of = (kind: string) => base.filter((each) => each.kind === kind);
  const relay = of('Deployment').find(({ metadata }) => metadata.name === 'order-relay');
  const scaled = [...of('HorizontalPodAutoscaler'), ...of('ScaledObject')].map(
    ({ spec = {} }) => (spec['scaleTargetRef'] as { name: string }).name,
  );

  assert.equal(relay?.spec?.['replicas'], 2);
  assert.ok(of('PodDisruptionBudget').some(({ metadata }) => metadata.name === 'order-relay'));
  assert.deepEqual(scaled.sort(), ['order-api', 'order-inbox']);
});

function checkSettings(manifests: readonly Manifest[]): void {
  const shared = manifests.find(({ kind }) => kind === 'ConfigMap')?.data ?? {};
  const checked = podsOf(manifests).filter(({ container }) => container.name in CONFIGURED);
  assert.equal(checked.length, Object.keys(CONFIGURED).length);
  for (const { container } of checked) {
    loadConfig(CONFIGURED[container.name as keyof typeof CONFIGURED], environmentOf(container, shared));
  }
}

/** With secrets in the place of their files. */
function environmentOf({ env }: Container, shared: Readonly<Record<string, string>>): Record<string, string> {
  const pairs = env.map(({ name, value }) => {
    const plain = name.replace(/_FILE$/, '');
    return plain === name ? [name, value] : [plain, SECRETS[value.split('/').at(-1) ?? ''] ?? ''];
  });
  return { ...shared, ...Object.fromEntries(pairs) };
}

function checkSelectors(manifests: readonly Manifest[]): void {
  const pods = podsOf(manifests).map(({ labels }) => labels);
  for (const { kind, metadata, spec } of manifests) {
    const selector = (spec?.['podSelector'] ?? spec?.['selector']) as Selector | Labels | undefined;
    if (!selector) continue;
    assert.ok(
      pods.some((labels) => selects(selector, labels)),
      `${kind} ${metadata.name} selects no pod`,
    );
  }
}

interface Selector {
  readonly matchLabels?: Labels;
  readonly matchExpressions?: readonly { readonly key: string; readonly values: readonly string[] }[];
}

function selects(selector: Selector | Labels, labels: Labels): boolean {
  const { matchLabels, matchExpressions } = selector as Selector;
  if (matchExpressions)
    return matchExpressions.every(({ key, values }) => values.includes(labels[key] ?? ''));
  return Object.entries(matchLabels ?? (selector as Labels)).every(([name, value]) => labels[name] === value);
}

function namesIn(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(namesIn);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, below]) =>
    key === 'env' ? (below as { name: string }[]).map(({ name }) => name) : namesIn(below),
  );
}
