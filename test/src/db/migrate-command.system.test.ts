import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import pg from 'pg';
import journal from '../../../drizzle/meta/_journal.json' with { type: 'json' };
import { createDatabase, EMPTY } from '../../support/database.ts';
import { until } from '../../support/until.ts';

const NOBODY_LISTENS = 'postgres://postgres:secret@127.0.0.1:1/orders';
const ALL = journal.entries.map(({ tag }) => tag).join(', ');

for (const [what, variables, told] of [
  ['without DATABASE_URL', { DATABASE_URL: '' }, /^ {2}DATABASE_URL: missing; it must be postgres:\/\//m],
  ['with a bad one', { DATABASE_URL: 'localhost' }, /^ {2}DATABASE_URL: bad value; it must be postgres:/m],
  [
    'from a file that is not there',
    { DATABASE_URL_FILE: 'none' },
    /^ {2}DATABASE_URL_FILE: cannot read none/m,
  ],
] as const) {
  test(`db:migrate ${what} ends with 78 and names it`, () => {
    const { DATABASE_URL: _, ...env } = process.env;

    const migrate = npm({ ...env, ...variables });

    assert.equal(migrate.status, 78, migrate.stderr);
    assert.match(migrate.stderr, told);
    assert.doesNotMatch(migrate.stderr, /secret|^ +at /m);
  });
}

test('db:migrate says what keeps it from connecting, and what to do', async (t) => {
  const { url } = await createDatabase(t, EMPTY);
  const as = (change: Partial<URL>) => Object.assign(new URL(url), change).href;

  for (const [wrong, told] of [
    [NOBODY_LISTENS, /ECONNREFUSED.*\n {2}start PostgreSQL, or correct host and port in DATABASE_URL$/m],
    [as({ pathname: '/nowhere' }), /\(3D000\)\n {2}create the database, or correct its name/],
    [
      as({ username: 'nobody', password: 'secret' }),
      /\(28(000|P01)\)\n {2}(create the role|correct the role or the password)/,
    ],
  ] as const) {
    const { status, stderr } = npm({ ...process.env, DATABASE_URL: wrong });

    assert.equal(status, 1, stderr);
    assert.match(stderr, told);
    assert.match(stderr, /^db:migrate failed: /);
    assert.doesNotMatch(stderr, /secret|^ +at /m);
  }
});

test('db:migrate says which right is missing, and which statement was refused', async (t) => {
  const { url, pool } = await createDatabase(t, EMPTY);
  await pool.query(`CREATE ROLE migrate_nothing LOGIN PASSWORD 'secret'`);
  t.after(() => onServer(url, 'DROP ROLE migrate_nothing'));
  const limited = Object.assign(new URL(url), { username: 'migrate_nothing', password: 'secret' }).href;

  const { status, stderr } = npm({ ...process.env, DATABASE_URL: limited });

  assert.equal(status, 1, stderr);
  assert.match(
    stderr,
    /^db:migrate failed: permission denied for database \S+ \(42501\)\n {2}in: CREATE SCHEMA .*\n {2}run it as a role with CREATE/,
  );
});

test('db:migrate refuses a search_path that leads elsewhere, and says where', async (t) => {
  const { url, pool } = await createDatabase(t, EMPTY);
  await pool.query('CREATE SCHEMA elsewhere');

  const { status, stderr } = npm({
    ...process.env,
    DATABASE_URL: `${url}?options=-c%20search_path%3Delsewhere`,
  });

  assert.equal(status, 1, stderr);
  assert.match(stderr, /The migrations are for the schema public, and what \S+ makes goes into elsewhere/);
  assert.equal((await pool.query(`SELECT FROM pg_class WHERE relname = 'outbox'`)).rowCount, 0);
});

test('of two db:migrate at once one waits for the other, and both end with 0', async (t) => {
  const { url, pool } = await createDatabase(t, EMPTY);
  const before = await pool.connect();
  await before.query('BEGIN; SELECT pg_advisory_xact_lock(7236418205)');
  const both = [start(t, url), start(t, url)];
  await until('both wait', () => both.every(({ output }) => output().includes('waiting for it')));

  await before.query('COMMIT');
  before.release();
  const codes = await Promise.all(both.map(({ ended }) => ended));

  const outputs = both.map(({ output }) => output());
  assert.deepEqual(codes, [0, 0], outputs.join('\n'));
  assert.equal(outputs.filter((output) => output.includes(`: ${ALL}\n`)).length, 1, outputs.join('\n'));
  assert.equal(outputs.filter((output) => output.includes('Nothing to apply')).length, 1);
});

test('db:migrate and drizzle-kit migrate note the same, and each finds done what the other did', async (t) => {
  const [ours, theirs] = [await createDatabase(t, EMPTY), await createDatabase(t, EMPTY)];
  const noted = async ({ pool }: typeof ours) =>
    (await pool.query('SELECT id, hash, created_at FROM drizzle.__drizzle_migrations ORDER BY id')).rows;

  for (const [first, second, { url }] of [
    [npm, drizzleKit, ours],
    [drizzleKit, npm, theirs],
  ] as const) {
    for (const run of [first, second]) {
      const { status, stderr } = run({ ...process.env, DATABASE_URL: url });
      assert.equal(status, 0, stderr);
    }
  }

  assert.equal((await noted(ours)).length, journal.entries.length);
  assert.deepEqual(await noted(ours), await noted(theirs));
});

function npm(env: NodeJS.ProcessEnv) {
  const options = { env, encoding: 'utf8', shell: process.platform === 'win32' } as const;
  return spawnSync('npm', ['run', '--silent', 'db:migrate'], options);
}

function drizzleKit(env: NodeJS.ProcessEnv) {
  const options = { env, encoding: 'utf8', shell: process.platform === 'win32' } as const;
  return spawnSync('npx', ['drizzle-kit', 'migrate'], options);
}

function start(t: TestContext, url: string) {
  const child = spawn(process.execPath, ['src/db/migrate/main.ts'], {
    env: { ...process.env, DATABASE_URL: url },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  t.after(() => child.kill('SIGKILL'));
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += String(chunk)));
  return { output: () => output, ended: once(child, 'close').then(([code]) => code as number | null) };
}

async function onServer(url: string, statement: string): Promise<void> {
  const client = new pg.Client({
    connectionString: Object.assign(new URL(url), { pathname: '/postgres' }).href,
  });
  await client.connect();
  await client.query(statement);
  await client.end();
}
