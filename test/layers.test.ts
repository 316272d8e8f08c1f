import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { test } from 'node:test';
import { filesOf } from './runner/tiers.ts';

// Who may import whom, and which words may stand where, by the text of the files. ARCHITECTURE.md gives the reasons.

interface Rule {
  readonly rule: string;
  /** The files it is about. */
  readonly files: RegExp;
  /** What they must not import: a path from the root of ours, or a package; `type`, `static` or `dynamic` stands before it. */
  readonly imports?: RegExp;
  /** What must not stand in them, comments left out. */
  readonly text?: RegExp;
  /** What must not stand in them, comments included. */
  readonly words?: RegExp;
  /** What the path itself must not be. */
  readonly path?: RegExp;
  /** A file that breaks it: the check is tried on it. */
  readonly planted: readonly [path: string, text: string];
}

/** The rooms of the relay, and which others each may import from. Every room may use the files beside them that are below all. */
const RELAY_ROOMS: Readonly<Record<string, string>> = {
  outbox: '',
  publishing: 'outbox',
  replication: 'outbox',
  recovery: 'outbox|publishing|replication',
  monitoring: 'outbox|replication|recovery',
  failures: 'publishing|monitoring',
  retention: 'outbox|monitoring',
  session: 'outbox|publishing|replication|recovery|monitoring|failures|retention',
  admin: 'outbox|replication|recovery|config\\.ts',
};

const rules: Rule[] = [
  ...Object.entries(RELAY_ROOMS).map(([room, below]) => ({
    rule: `relay/${room} imports only the rooms below it`,
    files: new RegExp(`^relay/${room}/`),
    imports: new RegExp(` relay/(?!(${room}|${below})(/|$)|(lsn|relay-error)\\.ts$)`),
    planted: [`relay/${room}/planted.ts`, "import { runRelay } from '../relay.ts';"] as const,
  })),
  {
    rule: 'one folder of the relay knows Service Bus and AMQP',
    files: /^relay\/(?!publishing\/service-bus\/|main\.ts$|config\.ts$)/,
    words: /service.?bus|amqp|rhea/i,
    planted: ['relay/session/session.ts', '// as Service Bus has it'],
  },
  {
    rule: 'src/core imports nothing of ours',
    files: /^src\/core\//,
    imports: / (?!src\/core\/)(src|relay|dev|bench|test|drizzle)\//,
    planted: ['src/core/log.ts', "import { buildApp } from '../app.ts';"],
  },
  {
    rule: 'relay imports src/core and itself',
    files: /^relay\//,
    imports: / (?!relay\/|src\/core\/)(src|dev|bench|test|drizzle)\//,
    planted: ['relay/relay.ts', "import type { Order } from '../src/orders/order.ts';"],
  },
  {
    rule: 'the api imports src alone',
    files: /^src\/(?!core\/)/,
    imports: / (?!drizzle\/meta\/_journal\.json$)(relay|dev|bench|test|drizzle)\//,
    planted: ['src/main.ts', "const { openStack } = await import('../dev/stack-to-be.ts');"],
  },
  {
    rule: 'only tests import tests',
    files: /^(dev|bench)\//,
    imports: / test\//,
    planted: ['dev/demo.ts', "import { until } from '../test/support/until.ts';"],
  },
  {
    rule: 'src/http knows no SQL',
    files: /^src\/http\//,
    imports: / (drizzle-orm|pg|src\/(orders\/order|idempotency\/answer)-store\.ts|src\/outbox\/)/,
    planted: ['src/http/order-routes.ts', "import { findOrder } from '../orders/order-store.ts';"],
  },
  {
    rule: 'only the outbox writer inserts into the outbox',
    files: /^src\/(?!outbox\/outbox-writer\.ts)/,
    text: /insert\(\s*outbox\b|insert\s+into\s+"?outbox\b/i,
    planted: ['src/orders/order-store.ts', 'await db\n  .insert(outbox)\n  .values(event);'],
  },
  {
    rule: 'statements of the relay have the names of its tables from one place',
    files: /^relay\//,
    text: /\b(FROM|JOIN|UPDATE|INTO|ONLY|TABLE|ON)\s+"?(outbox|relay_progress)\b(?! SET)|'(outbox|relay_progress)'::|to_regclass\('/,
    planted: ['relay/outbox/outbox-store.ts', 'await pool.query(`SELECT FROM outbox LIMIT 1`);'],
  },
  only('pg-logical-replication', /^(relay\/replication\/stream\.ts$|bench\/|test\/)/),
  only('@azure\\/service-bus', /^(relay\/publishing\/service-bus|dev|bench|test)\//),
  only('@azure\\/identity', /^relay\/publishing\/service-bus\//),
  {
    rule: '@azure/identity is loaded only when it is needed',
    files: /^/,
    imports: /^static @azure\/identity/,
    planted: [
      'relay/publishing/service-bus/service-bus-publisher.ts',
      "import { DefaultAzureCredential } from '@azure/identity';",
    ],
  },
  only('rhea', /^(dev\/service-bus|test)\//),
  only('@opentelemetry\\/(?!api$)', /^src\/core\/tracing\.ts$/, '@opentelemetry/resources'),
  only('@opentelemetry\\/api', /^(src\/core\/tracing|src\/messages\/trace-context|test\/.*)\.ts$/),
  only(
    '(@fastify\\/(?!otel$)|fastify(-plugin)?$)',
    /^(src\/app|src\/http\/.*|relay\/monitoring\/health-server|bench\/programs\/.*|test\/.*)\.ts$/,
    'fastify',
  ),
  only('ajv(\\/|$)', /^(src\/http\/(validation|query\/query-validator)\.ts$|test\/)/, 'ajv'),
  only('@fastify\\/otel', /^src\/core\/tracing\.ts$/),
  only('drizzle-orm', /^(src\/(db|orders|outbox|idempotency)\/|bench\/programs\/|test\/)/),
  only('prom-client', /^(relay\/monitoring\/metrics\.ts$|test\/)/),
  only('pino$', /^src\/core\/log\.ts$/),
  only('pino-pretty', /^dev\/readable-log\.ts$/),
  only('chokidar', /^dev\/restarted-process\.ts$/),
  only('close-with-grace', /^src\/core\/lifecycle\.ts$/),
  only('env-schema', /^src\/core\/config\.ts$/),
  {
    rule: 'the environment is read at the edge',
    files:
      /^(?!(src|relay|relay\/admin\/cli)\/main\.ts|src\/core\/telemetry\.ts|drizzle\.config\.ts|dev\/|bench\/|test\/)/,
    text: /process\.env\b|process\['env'\]|\benv\b[^;]*\bfrom 'node:process'/,
    planted: ['src/app.ts', "const docs = process.env['API_DOCS'];"],
  },
  {
    rule: 'the lifecycle alone ends a process',
    files: /^(?!src\/core\/lifecycle\.ts|dev\/(demo|dev)\.ts|bench\/support\/worker\.ts|test\/)/,
    text: /process\.(exit|abort|reallyExit)\(/,
    planted: ['relay/main.ts', 'process.exit(1);'],
  },
  {
    rule: 'what ships writes to its log, not to the console',
    files: /^(src|relay)\//,
    text: /\bconsole\./,
    planted: ['relay/session/session.ts', "console.log('here');"],
  },
  {
    rule: 'only the configuration of a tool has a default export',
    files: /^(?![^/]+\.config\.ts$)/,
    text: /^export (default\b|{[^}]*\bas default\b)/m,
    planted: ['src/app.ts', 'export default buildApp;'],
  },
  {
    rule: 'a name says what is in the file',
    files: /^/,
    path: /(^|\/)(index|utils?|helpers?|common|types)(\.[a-z]+)*(\.ts$|\/)/,
    planted: ['src/http/helpers.ts', ''],
  },
  {
    rule: 'names are kebab-case',
    files: /^/,
    path: /^(?!([a-z0-9]+(-[a-z0-9]+)*\/)*[a-z0-9]+(-[a-z0-9]+)*(\.[a-z]+)*\.ts$)/,
    planted: ['src/http/orderRoutes.ts', ''],
  },
];

test('every file keeps to its layer', () => {
  const files = repository();

  assert.ok(files.size > 100, `${files.size} files`);
  const imported = [...files].flatMap(([path, text]) => importsOf(path, text));
  assert.ok(imported.length > 400, `${imported.length} imports`);
  assert.deepEqual(violations(files), []);
});

test('no files import each other in a circle', () => {
  assert.deepEqual(findCycle(repository()), undefined);
});

const LINES_AT_MOST = 250;

test(`no file has more than ${LINES_AT_MOST} lines`, () => {
  assert.deepEqual(tooLong(repository(), /^(src|relay|dev)\//), []);
});

test('the relay does not load Drizzle, which takes 35 MiB of the 200 MB that it may', () => {
  const loaded = loadedBy('relay/main.ts', repository());

  assert.ok(loaded.has('pg-logical-replication'), 'its packages are found');
  assert.deepEqual(
    [...loaded].filter((target) => target.startsWith('drizzle-orm')),
    [],
  );
});

test('each file of src/core is loaded by both processes', () => {
  const files = repository();

  assert.deepEqual(notShared(files), []);
  const planted = new Map([
    ...files,
    ['src/core/unused.ts', ''],
    ['src/main.ts', "import './core/unused.ts';"],
  ]);
  assert.ok(notShared(planted).includes('src/core/unused.ts'));
});

test('every folder of the relay is a room with its place', () => {
  const folders = [...repository().keys()].flatMap((path) => /^relay\/([^/]+)\//.exec(path)?.[1] ?? []);

  assert.deepEqual([...new Set(folders)].sort(), Object.keys(RELAY_ROOMS).sort());
});

// Its packages may be loaded: what they say about errors and bytes is what some unit tests are about.
const NOT_FOR_UNITS = [
  'node:child_process',
  'dev/postgres.ts',
  'dev/service-bus/service-bus.ts',
  'test/support/database.ts',
];

test('a unit test loads nothing that starts PostgreSQL, the broker or a process', () => {
  const files = repository();
  const units = filesOf(['unit']);

  assert.ok(units.length > 40, `${units.length} files`);
  assert.deepEqual(
    units.flatMap((path) => needs(path, files)),
    [],
  );
});

test('a unit test that needs more than node is found, also through a file between', () => {
  const files = new Map([
    ['test/relay/a.test.ts', "import { b } from '../support/b.ts';"],
    [
      'test/support/b.ts',
      "import { spawn } from 'node:child_process';\nimport { createDatabase } from './database.ts';",
    ],
  ]);

  assert.deepEqual(needs('test/relay/a.test.ts', files), [
    'test/relay/a.test.ts: node:child_process',
    'test/relay/a.test.ts: test/support/database.ts',
  ]);
});

for (const { rule, planted } of rules) {
  test(`a file that breaks it is found: ${rule}`, () => {
    assert.deepEqual(violations(new Map([planted])), [`${planted[0]}: ${rule}`]);
  });
}

test('a circle is found, also one of types and through a file between', () => {
  const circle = new Map([
    ['src/a.ts', "import { b } from './b.ts';"],
    ['src/b.ts', "export * from './deep/c.ts';"],
    ['src/deep/c.ts', "import type { A } from '../a.ts';"],
  ]);

  assert.deepEqual(findCycle(circle), ['src/a.ts', 'src/b.ts', 'src/deep/c.ts', 'src/a.ts']);
});

test('a file that is too long is found, one that is just short enough is not', () => {
  const files = new Map([
    ['dev/long.ts', 'x;\n'.repeat(LINES_AT_MOST + 1)],
    ['dev/short.ts', 'x;\n'.repeat(LINES_AT_MOST)],
  ]);

  assert.deepEqual(tooLong(files, /^dev\//), [`dev/long.ts: ${LINES_AT_MOST + 1}`]);
});

test('every form of an import is read', () => {
  const text = `
    import './a.ts';
    import b, {
      c, // a comment's own '
    } from './b.ts';
    import type { D } from '../d.ts';
    export * from './e.ts';
    const f = await import('./f.ts'), g = import(\`./g.ts\`);
    // import './not.ts';
    import data from './data.json' with { type: 'json' };
    let h: import('pg').Pool;`;

  assert.deepEqual(importsOf('src/x/y.ts', text).sort(), [
    'dynamic pg',
    'dynamic src/x/f.ts',
    'dynamic src/x/g.ts',
    'static src/x/a.ts',
    'static src/x/b.ts',
    'static src/x/data.json',
    'static src/x/e.ts',
    'type src/d.ts',
  ]);
});

/** A package that only these files may import. */
function only(name: string, files: RegExp, example = name.replace(/[\\$]/g, '')): Rule {
  return {
    rule: `${example} has its place`,
    files: new RegExp(`^(?!${files.source.replace(/^\^/, '')})`),
    imports: new RegExp(` ${name}`),
    planted: ['src/receptors/receptor.ts', `const it = await import('${example}');`],
  };
}

function repository(): Map<string, string> {
  const paths = globSync(['{src,relay,dev,bench,test}/**/*.ts', '*.ts']);
  return new Map(paths.map((path) => [path.replaceAll('\\', '/'), readFileSync(path, 'utf8')]));
}

function violations(files: ReadonlyMap<string, string>): string[] {
  return [...files].flatMap(([path, text]) => {
    const imported = importsOf(path, text);
    const code = withoutComments(text);
    return rules
      .filter((rule) => rule.files.test(path))
      .filter(
        (rule) =>
          imported.some((one) => rule.imports?.test(one)) ||
          rule.text?.test(code) ||
          rule.words?.test(text) ||
          rule.path?.test(path),
      )
      .map(({ rule }) => `${path}: ${rule}`);
  });
}

/** What a file imports, as "static src/app.ts" or "type pg". */
function importsOf(path: string, text: string): string[] {
  const statement =
    /^\s*(?:import|export)\b(\s+type\b)?[^'";]*?\bfrom\s*'([^']+)'|^\s*import\s*'([^']+)'|\bimport\(\s*['`]([^'`]+)['`]/gm;
  return [...withoutComments(text).matchAll(statement)].map(([, type, from, bare, dynamic]) => {
    const kind = dynamic ? 'dynamic' : type ? 'type' : 'static';
    const target = from ?? bare ?? dynamic ?? '';
    return `${kind} ${target.startsWith('.') ? posix.join(posix.dirname(path), target) : target}`;
  });
}

function withoutComments(text: string): string {
  return text.replaceAll(/^\s*\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/.*$/gm, '');
}

/** Files and packages that come with a file, whichever way; with `types` also those that Node does not load. */
function loadedBy(
  path: string,
  files: ReadonlyMap<string, string>,
  { types } = { types: false },
): Set<string> {
  const loaded = new Set([path]);
  for (const file of loaded) {
    for (const one of importsOf(file, files.get(file) ?? '')) {
      const [kind, target = ''] = one.split(' ');
      if (kind !== 'type' || types) loaded.add(target);
    }
  }
  return loaded;
}

/** The files of src/core that the api or the relay does without. Types count: they are shared as well. */
function notShared(files: ReadonlyMap<string, string>): string[] {
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> };
  const loaded = ['api', 'relay'].map((name) => {
    const entries = scripts[name]?.match(/\b(src|relay)\/[\w/-]+\.ts\b/g) ?? []; // the process, and what --import loads before it
    return new Set(entries.flatMap((entry) => [...loadedBy(entry, files, { types: true })]));
  });
  return [...files.keys()].filter(
    (path) => path.startsWith('src/core/') && !loaded.every((set) => set.has(path)),
  );
}

function tooLong(files: ReadonlyMap<string, string>, within: RegExp): string[] {
  return [...files]
    .map(([path, text]) => ({ path, lines: text.split('\n').length - 1 }))
    .filter(({ path, lines }) => within.test(path) && lines > LINES_AT_MOST)
    .map(({ path, lines }) => `${path}: ${lines}`);
}

/** What a unit test loads and must not. */
function needs(path: string, files: ReadonlyMap<string, string>): string[] {
  const loaded = loadedBy(path, files);
  return NOT_FOR_UNITS.filter((target) => loaded.has(target)).map((target) => `${path}: ${target}`);
}

function findCycle(files: ReadonlyMap<string, string>): string[] | undefined {
  const done = new Set<string>();
  const visit = (path: string, above: readonly string[]): string[] | undefined => {
    if (above.includes(path)) return [...above.slice(above.indexOf(path)), path];
    if (done.has(path)) return undefined;
    for (const one of importsOf(path, files.get(path) ?? '')) {
      const [kind, target = ''] = one.split(' ');
      // Node erases imports of types; outside the tests they count all the same.
      if (!files.has(target) || (kind === 'type' && /^(bench|test)\//.test(path))) continue;
      const cycle = visit(target, [...above, path]);
      if (cycle) return cycle;
    }
    done.add(path);
    return undefined;
  };
  for (const path of files.keys()) {
    const cycle = visit(path, []);
    if (cycle) return cycle;
  }
  return undefined;
}
