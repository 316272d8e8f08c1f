import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { document, documents } from './support/documents.ts';

// What the documents say, against what there is. Their commands: test/commands.system.test.ts.

// A file or a folder of this repository in backticks: `relay/session/session.ts`, `docs/`, `system/demo.test.ts` (below test/).
const PATH = /^(?:[\w.-]+\/)+[\w.-]*\.?[\w-]*$|^\w[\w.-]*\.(ts|md|json|yaml)$/;
/** By its beginning or its end; `application/json` and the like are something else. */
const OURS = /^(src|relay|doctor|examples|dev|bench|test|docs|drizzle)\/|\.(ts|md|sql|json|yaml)$|\/$/;
const LONGEST_LINE = 140;
/** What the runbook names that is neither log, status nor metric: a role of docs/operations.md, a setting of PostgreSQL. */
const NAMED_ELSEWHERE = new Set([
  'order_migrator',
  'synchronous_standby_names',
  'default_pool_size',
  'query_wait_timeout',
]);

for (const { path, code, links, blocks } of documents) {
  const below = ['.', 'test', dirname(path)];
  /** What the reader writes: `ts FILE`. */
  const written = new Set(blocks.map(({ language }) => language.split(' ')[1]));
  test(`every file that ${path} names exists, and every link leads somewhere`, () => {
    const paths = code.filter((text) => PATH.test(text) && OURS.test(text));

    assert.deepEqual(
      paths.filter(
        (named) => !written.has(named) && !below.some((folder) => existsSync(join(folder, named))),
      ),
      [],
    );
    assert.deepEqual(
      links.filter((href) => !leadsSomewhere(href, path)),
      [],
    );
  });

  test(`no line of ${path} is too long to read`, () => {
    const prose = readFileSync(path, 'utf8').replaceAll(/^ *```[\s\S]*?^ *```$/gm, '');
    const long = prose.split('\n').filter((line) => line.length > LONGEST_LINE && !/^ *\|/.test(line));

    assert.deepEqual(long, []);
  });
}

test('every document and section that the code names exists', () => {
  const sources = globSync([
    '{src,relay,doctor,examples,dev,bench,test}/**/*.ts',
    '*.{ts,yaml}',
    'Dockerfile',
    '.env.example',
  ]);
  const named = sources.flatMap((source) =>
    [...readFileSync(source, 'utf8').matchAll(/(?<![\w./])docs\/[\w/-]+\.md(?:, "([^"\n]+)")?/g)].map(
      ([text, title]) => ({ source, text, path: text.replace(/,.*/, ''), title }),
    ),
  );
  const isThere = ({ path, title }: { path: string; title: string | undefined }) =>
    existsSync(path) && (title === undefined || [...document(path).headings.values()].includes(title));

  assert.ok(named.length > 10);
  assert.deepEqual(
    named.filter((each) => !isThere(each)).map(({ source, text }) => `${source}: ${text}`),
    [],
  );
});

test('every decision is in the index, under its title', () => {
  const index = readFileSync('docs/decisions/README.md', 'utf8');
  for (const path of globSync('docs/decisions/*.md').filter((path) => !path.endsWith('README.md'))) {
    const [title = ''] = document(path).headings.values();
    const [, shown = ''] =
      new RegExp(`^- \\[(.+)\\]\\(${path.slice('docs/decisions/'.length)}\\)`, 'm').exec(index) ?? [];
    assert.ok(shown && title.startsWith(shown), `${path}: ${title}`);
  }
});

test('what the runbook quotes is what the code says', () => {
  const sources = globSync('{src,relay,doctor}/**/*.ts').map((path) =>
    readFileSync(path, 'utf8').replaceAll(/\$\{(publisher\.)?name\}/g, 'Service Bus'),
  );
  // Metrics are named in parts there; test/reference.integration.test.ts holds those of the reference to it.
  const said = [...sources, document('docs/reference.md').text].join('\n').replaceAll("\\'", "'");
  // Paths, commands and addresses are held by other tests.
  const quoted = document('docs/runbook.md').code.filter(
    (text) => !PATH.test(text) && !/^(npm|curl) |^\/[\w/]+$/.test(text) && !NAMED_ELSEWHERE.has(text),
  );

  assert.ok(quoted.length > 60);
  for (const text of quoted) {
    for (const part of text.split('...').map((each) => each.trim())) {
      // A name is a whole one: `failedSends`.
      assert.ok(/^\w+$/.test(part) ? new RegExp(`\\b${part}\\b`).test(said) : said.includes(part), text);
    }
  }
});

test('every promise about delivery names a test that exists', () => {
  const rows = readFileSync('docs/delivery.md', 'utf8')
    .split('\n')
    .filter((line) => /^\| \d/.test(line));

  assert.notEqual(rows.length, 0);
  for (const row of rows) {
    const tests = [...row.matchAll(/`([\w/.-]+\.test\.ts)`/g)].map(([, path]) => `test/${path}`);
    assert.ok(tests.length > 0 && tests.every((path) => existsSync(path)), row);
  }
});

test('the faults are numbered without a gap, each names its test, and every test that is quoted exists under that name', () => {
  const rows = readFileSync('docs/delivery.md', 'utf8')
    .split('\n')
    .filter((line) => /^\| (F\d\d)? ?\|/.test(line));
  const numbers = rows.flatMap((row) => /^\| F(\d\d)/.exec(row)?.[1] ?? []).map(Number);
  assert.notEqual(numbers.length, 0);
  assert.deepEqual(
    numbers,
    numbers.map((_, index) => index + 1),
  );
  for (const row of rows) {
    assert.match(row, /\.test\.ts`|cannot be:/);
    for (const [, path = '', quoted = ''] of row.matchAll(/`([\w/.-]+\.ts)`((?:,? "[^"]+")*)/g)) {
      const source = existsSync(`test/${path}`)
        ? readFileSync(`test/${path}`, 'utf8').replaceAll("\\'", "'")
        : '';
      for (const [, name = ''] of quoted.matchAll(/"([^"]+)"/g)) {
        assert.ok(source.includes(name.replace(/, \.\.\.$/, '')), `${path}: ${name}`);
      }
    }
  }
});

/** Whether a link's file exists and, where it names a section of a document, that section. Addresses in the web are not asked. */
function leadsSomewhere(href: string, from: string): boolean {
  if (/^[a-z]+:/.test(href)) return href.startsWith('https://') && URL.canParse(href);
  const [file = '', anchor] = href.split('#');
  const path = file ? join(dirname(from), file) : from;
  return existsSync(path) && (anchor === undefined || document(path).headings.has(anchor));
}
