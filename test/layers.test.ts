import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { findCycle, importsOf, loadedBy, repository, withoutComments } from './layers/imports.ts';
import { RELAY_ROOMS, rules } from './layers/rules.ts';
import { filesOf } from './runner/tiers.ts';

// Who may import whom, and which words may stand where, by the text of the files. ARCHITECTURE.md gives the reasons.

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
  assert.deepEqual(tooLong(repository(), /^(src|relay|doctor|dev|examples)\//), []);
});

test('the inventory of the examples is 250 lines that are not blank, at most', () => {
  const texts = [...repository()].flatMap(([path, text]) =>
    path.startsWith('examples/inventory-service/') ? [text] : [],
  );
  const lines = texts.flatMap((text) => text.split('\n').filter((line) => line.trim() !== ''));

  assert.ok(lines.length > 100 && lines.length <= 250, `${lines.length} lines`);
});

test('the relay does not load Drizzle, which takes 35 MiB of the 200 MB that it may', () => {
  const loaded = loadedBy('relay/main.ts', repository());

  assert.ok(loaded.has('pg-logical-replication'), 'its packages are found');
  assert.deepEqual(
    [...loaded].filter((target) => target.startsWith('drizzle-orm')),
    [],
  );
});

test('each file of src/core is loaded by two processes or more', () => {
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

/** The files of src/core that no two processes share. Types count: they are shared as well. */
function notShared(files: ReadonlyMap<string, string>): string[] {
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> };
  // Each process with the command that operates it.
  const loaded = [['api'], ['relay', 'outbox'], ['inbox', 'dead-letters']].map((names) => {
    const commands = names.map((name) => scripts[name]).join(' ');
    const entries = commands.match(/\b(src|relay)\/[\w/-]+\.ts\b/g) ?? []; // the program, and what --import loads before it
    return new Set(entries.flatMap((entry) => [...loadedBy(entry, files, { types: true })]));
  });
  return [...files.keys()].filter(
    (path) => path.startsWith('src/core/') && loaded.filter((set) => set.has(path)).length < 2,
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
