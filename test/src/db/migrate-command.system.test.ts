import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';

// drizzle-kit alone says nothing when it cannot connect, and names no variable when there is none.

const NOBODY_LISTENS = 'postgres://postgres:secret@127.0.0.1:1/orders';

for (const [what, variables, status, told] of [
  ['without DATABASE_URL', { DATABASE_URL: '' }, 1, /^ {2}DATABASE_URL: missing; it must be postgres:\/\//m],
  ['with a bad one', { DATABASE_URL: 'localhost' }, 1, /^ {2}DATABASE_URL: bad value; it must be postgres:/m],
  [
    'from a file that is not there',
    { DATABASE_URL_FILE: 'none' },
    1,
    /^ {2}DATABASE_URL_FILE: cannot read none/m,
  ],
  [
    'without a database',
    { DATABASE_URL: NOBODY_LISTENS },
    1,
    /^db:migrate failed: DATABASE_URL cannot be connected to: .*ECONNREFUSED 127\.0\.0\.1:1$/m,
  ],
] as const) {
  test(`db:migrate ${what} says so in a line`, () => {
    const { DATABASE_URL: _, ...env } = process.env;

    const migrate = spawnSync('npm', ['run', '--silent', 'db:migrate'], {
      env: { ...env, ...variables },
      encoding: 'utf8',
      shell: process.platform === 'win32',
    });

    assert.equal(migrate.status, status, migrate.stderr);
    assert.match(migrate.stderr, told);
    assert.doesNotMatch(migrate.stderr, /secret|^ +at /m);
  });
}
