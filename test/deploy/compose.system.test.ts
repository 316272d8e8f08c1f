import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { parseEnv } from 'node:util';
import { DockerfileParser } from 'dockerfile-ast';
import { validate } from 'dockerfile-utils';
import { parse as parseJsonc } from 'jsonc-parser';
import { parse as parseYaml } from 'yaml';
import { relayConfig } from '../../relay/config.ts';
import { apiConfig } from '../../src/config.ts';
import { loadConfig } from '../../src/core/config.ts';
import { inboxConfig } from '../../src/inbox/config.ts';
import { parseConsumers } from '../../src/inbox/consumer.ts';

interface Service {
  image?: string;
  build?: { target: string };
  environment?: Record<string, string>;
  ports?: string[];
  volumes?: string[];
  depends_on?: Record<string, { condition: string }>;
  stop_grace_period?: string;
  command?: string[];
  deploy?: { resources: { limits: { cpus: string; memory: string } } };
}

const compose: { services: Record<string, Service> } = parseYaml(readFileSync('compose.yaml', 'utf8'));
const dockerfile = readFileSync('Dockerfile', 'utf8');
const manifest = JSON.parse(readFileSync('package.json', 'utf8'));
const CONNECTIONS = {
  DATABASE_URL: 'postgres://localhost/orders',
  SERVICEBUS_CONNECTION_STRING: 'Endpoint=sb://localhost;SharedAccessKeyName=a;SharedAccessKey=b',
  INBOX_SUBSCRIPTIONS: 'inventory/order-service',
};
const apiDefaults = loadConfig(apiConfig, CONNECTIONS);
const relayDefaults = loadConfig(relayConfig, CONNECTIONS);
const inboxDefaults = loadConfig(inboxConfig, CONNECTIONS);
const VARIABLES = [apiConfig, relayConfig, inboxConfig].flatMap(({ properties }) => Object.keys(properties));
const ours = {
  api: { ...service('api'), port: apiDefaults.PORT },
  relay: { ...service('relay'), port: relayDefaults.RELAY_PORT },
  inbox: { ...service('inbox'), port: inboxDefaults.INBOX_PORT },
};

test('compose.yaml is valid by the schema of the Compose Specification and has no lint', (t) => {
  const lint = (file: string) => spawnSync('npx', ['dclint', '--max-warnings=0', file], { encoding: 'utf8' });
  const folder = temporaryFolder(t);
  const broken = join(folder, 'compose.yaml');
  writeFileSync(broken, readFileSync('compose.yaml', 'utf8').replace('restart:', 'restarts:'));

  assert.equal(lint('compose.yaml').stdout.trim(), '');
  assert.match(lint(broken).stdout, /invalid-schema/, 'the linter is able to say no');
});

test('the Dockerfile has no lint', () => {
  assert.deepEqual(validate(dockerfile), []);
  assert.notDeepEqual(
    validate(dockerfile.replace('WORKDIR', 'WORKDIRECTORY')),
    [],
    'the linter is able to say no',
  );
});

test('the image brings the Node that the repository is developed with', () => {
  const [base] = stages();

  assert.equal(base?.from, `node:${manifest.devDependencies.node}-trixie-slim`);
});

test('every image is pinned to a version', () => {
  for (const [name, { image }] of Object.entries(compose.services)) {
    if (image && image !== 'mcr.microsoft.com/mssql/server:2022-latest')
      assert.match(image, /:v?\d+\.[\d.]+$/, name);
  }
});

test('no container runs as root, and no secret is in an image', () => {
  for (const target of ['api', 'relay', 'inbox', 'migrate'])
    assert.deepEqual(instructions(target, 'USER'), ['node'], target);
  assert.doesNotMatch(dockerfile, /PASSWORD|SECRET|CONNECTION_STRING|DATABASE_URL|\bARG\b/);
  assert.equal(
    readFileSync('.dockerignore', 'utf8')
      .split('\n')
      .find((line) => !line.startsWith('#')),
    '*',
  );
});

test('a container starts its process as the npm script does', () => {
  for (const name of ['api', 'relay', 'inbox'] as const) {
    const command = JSON.parse(instructions(name, 'CMD').at(-1) ?? '[]').join(' ');
    assert.equal(`exec ${command}`, manifest.scripts[name]);
  }
  const migrate = JSON.parse(instructions('migrate', 'CMD').at(-1) ?? '[]').join(' ');
  assert.equal(migrate, manifest.scripts['db:migrate']);
});

test('the ports are the defaults of the configuration', () => {
  for (const [name, { port, ports }] of Object.entries(ours)) {
    assert.deepEqual(ports, [`127.0.0.1:${port}:${port}`]);
    assert.deepEqual(instructions(name, 'EXPOSE'), [String(port)]);
    assert.match(instructions(name, 'HEALTHCHECK').join(), new RegExp(`PORT \\|\\| ${port}}/health/live`));
  }
});

test('every container has a limit of memory and of CPU', () => {
  for (const [name, { deploy }] of Object.entries(compose.services)) {
    assert.match(deploy?.resources.limits.memory ?? '', /^\d+[MG]$/, name);
    assert.match(deploy?.resources.limits.cpus ?? '', /^\d\.\d$/, name);
  }
});

test('every port can be reached from this machine alone', () => {
  for (const [name, { ports = [] }] of Object.entries(compose.services)) {
    for (const port of ports) assert.match(port, /^127\.0\.0\.1:/, name);
  }
});

test('the variables that compose.yaml sets are known and make a valid configuration', () => {
  const known = new Set(VARIABLES);
  for (const [name, { environment = {} }] of Object.entries(ours)) {
    for (const variable of Object.keys(environment)) {
      assert.ok(known.has(variable) || variable.startsWith('OTEL_'), `${name} sets ${variable}`);
    }
  }
  // The image sets NODE_ENV.
  const api = loadConfig(apiConfig, { NODE_ENV: 'production', ...interpolated('api') });
  const relay = loadConfig(relayConfig, interpolated('relay'));
  const inbox = loadConfig(inboxConfig, interpolated('inbox'));

  assert.equal(api.DATABASE_URL, relay.DATABASE_URL);
  assert.equal(api.DATABASE_URL, inbox.DATABASE_URL);
  assert.equal(api.DATABASE_URL, interpolated('migrate')['DATABASE_URL']);
  assert.equal(new Set([api, relay, inbox].map(({ SERVICE_NAME }) => SERVICE_NAME)).size, 3);
});

test('.env.example names every variable and makes a valid configuration of every process', () => {
  const example = parseEnv(readFileSync('.env.example', 'utf8')) as Record<string, string>;

  const api = loadConfig(apiConfig, example);
  const relay = loadConfig(relayConfig, example);
  const inbox = loadConfig(inboxConfig, example);

  assert.deepEqual(
    VARIABLES.filter((name) => !(name in example) && name !== 'NODE_ENV'),
    [],
  );
  assert.equal(api.PORT, apiDefaults.PORT);
  assert.equal(relay.RELAY_PORT, relayDefaults.RELAY_PORT);
  assert.equal(relay.RELAY_SLOT, relayDefaults.RELAY_SLOT);
  assert.equal(inbox.INBOX_PORT, inboxDefaults.INBOX_PORT);
});

test('docs/reference.md has every variable', () => {
  const manual = readFileSync('docs/reference.md', 'utf8');

  for (const name of VARIABLES) {
    assert.ok(manual.includes(`\`${name}\``), name);
  }
});

test('the emulator is given the entity that the relay sends to, and those that the inbox receives from', () => {
  const [source, target] = service('servicebus').volumes?.[0]?.split(':') ?? [];
  assert.equal(target, '/ServiceBus_Emulator/ConfigFiles/Config.json');
  const { UserConfig } = parseJsonc(readFileSync(source ?? '', 'utf8'));
  const entities = UserConfig.Namespaces.flatMap(
    ({ Queues = [], Topics = [] }: { Queues?: { Name: string }[]; Topics?: { Name: string }[] }) => [
      ...Queues,
      ...Topics,
    ],
  ).map(({ Name }: { Name: string }) => Name);

  assert.ok(entities.includes(interpolated('relay')['SERVICEBUS_ENTITY']), entities.join());
  assert.ok(entities.includes(relayDefaults.SERVICEBUS_ENTITY), entities.join());
  assert.match(interpolated('relay')['SERVICEBUS_CONNECTION_STRING'] ?? '', /^Endpoint=sb:\/\/servicebus;/);
  const subscriptions = UserConfig.Namespaces.flatMap(({ Topics = [] }: { Topics?: Topic[] }) =>
    Topics.flatMap(({ Name, Subscriptions }) => Subscriptions.map((each) => `${Name}/${each.Name}`)),
  );
  const { INBOX_SUBSCRIPTIONS: received = '', SERVICEBUS_CONNECTION_STRING } = interpolated('inbox');
  for (const { name } of parseConsumers(received)) assert.ok(subscriptions.includes(name), name);
  assert.equal(SERVICEBUS_CONNECTION_STRING, interpolated('relay')['SERVICEBUS_CONNECTION_STRING']);
});

interface Topic {
  Name: string;
  Subscriptions: { Name: string }[];
}

test('a process is killed only after the time it gives itself to stop', () => {
  const [, seconds] = /STOP_WITHIN_MS = (\d+)_000/.exec(readFileSync('src/core/lifecycle.ts', 'utf8')) ?? [];

  for (const { stop_grace_period } of Object.values(ours)) {
    assert.ok(Number.parseInt(stop_grace_period ?? '0', 10) > Number(seconds));
  }
});

test('the processes start after the migration, and the database is set up for the relay', () => {
  for (const { depends_on } of Object.values(ours)) {
    assert.equal(depends_on?.['migrate']?.condition, 'service_completed_successfully');
  }
  const settings = service('postgres').command?.filter((word) => word.includes('='));
  assert.ok(settings?.includes('wal_level=logical'));
  assert.ok(settings?.some((setting) => /^max_slot_wal_keep_size=\d+GB$/.test(setting)));
});

for (const [name, main] of [
  ['api', 'src/main.ts'],
  ['relay', 'relay/main.ts'],
  ['inbox', 'src/inbox/main.ts'],
  ['migrate', 'src/db/migrate/main.ts'],
] as const) {
  test(`the ${name} starts from the files and the production packages that its image has`, (t) => {
    const image = temporaryFolder(t);
    copyInto(image, name);
    linkProductionPackages(image);
    const { PATH } = process.env;

    // A start without any configuration comes as far as naming what is missing: all imports were found.
    const bare = spawnSync(process.execPath, [main], { cwd: image, env: { PATH }, encoding: 'utf8' });
    const traced = spawnSync(process.execPath, ['--import', './src/core/telemetry.ts', main], {
      cwd: image,
      env: { PATH, OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' },
      encoding: 'utf8',
    });

    for (const { status, stderr } of [bare, traced]) {
      assert.equal(status, 78, stderr);
      assert.match(stderr, /DATABASE_URL: missing/);
    }
  });
}

test('the doctor runs from the files and the packages that the image of the relay has', (t) => {
  const image = temporaryFolder(t);
  copyInto(image, 'relay');
  linkProductionPackages(image);
  const { PATH } = process.env;

  const { status, stdout, stderr } = spawnSync(process.execPath, ['doctor/main.ts', 'relay'], {
    cwd: image,
    env: { PATH },
    encoding: 'utf8',
  });

  assert.equal(status, 1, stderr);
  assert.match(stdout, /DATABASE_URL: missing/);
});

function service(name: string): Service {
  const found = compose.services[name];
  assert.ok(found, `compose.yaml has the service ${name}`);
  return found;
}

/** The environment of a service as Compose makes it without any variable of its own. */
function interpolated(name: string): Record<string, string> {
  return Object.fromEntries(
    Object.entries(service(name).environment ?? {}).map(([variable, value]) => [
      variable,
      value.replaceAll(/\$\{\w+:-([^}]*)\}/g, '$1'),
    ]),
  );
}

interface Stage {
  name: string;
  from: string;
  instructions: { keyword: string; text: string }[];
}

function stages(): Stage[] {
  const all: Stage[] = [];
  for (const instruction of DockerfileParser.parse(dockerfile).getInstructions()) {
    const keyword = instruction.getKeyword();
    const text = instruction.getArgumentsContent() ?? '';
    const [from = '', name = ''] = text.split(/ AS /);
    if (keyword === 'FROM') all.push({ name, from, instructions: [] });
    else all.at(-1)?.instructions.push({ keyword, text });
  }
  return all;
}

/** The arguments of every such instruction that goes into a target, those of the stages it is made from first. */
function instructions(target: string, keyword: string): string[] {
  const stage = stages().find(({ name }) => name === target);
  if (!stage) return [];
  const own = stage.instructions.filter((instruction) => instruction.keyword === keyword);
  return [...instructions(stage.from, keyword), ...own.map(({ text }) => text)];
}

/** Does what the COPY instructions of a target do with files of the repository. */
function copyInto(folder: string, target: string): void {
  for (const text of instructions(target, 'COPY')) {
    if (text.startsWith('/')) continue; // from another stage
    const words = text.split(/\s+/);
    const to = words.pop() ?? '';
    for (const source of words) {
      assert.ok(existsSync(source), `COPY names ${source}`);
      const path = join(folder, to === './' ? source : to);
      mkdirSync(dirname(path), { recursive: true });
      cpSync(source, path, { recursive: true });
    }
  }
}

function linkProductionPackages(folder: string): void {
  const lock: { packages: Record<string, { dev?: true }> } = JSON.parse(
    readFileSync('package-lock.json', 'utf8'),
  );
  for (const [path, { dev }] of Object.entries(lock.packages)) {
    if (!path || dev || path.lastIndexOf('node_modules/') > 0 || !existsSync(path)) continue;
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    symlinkSync(join(process.cwd(), path), join(folder, path), 'junction');
  }
}

function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'deploy-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}
