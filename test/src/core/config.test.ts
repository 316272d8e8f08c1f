import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { apiConfig } from '../../../src/config.ts';
import { loadConfig } from '../../../src/core/config.ts';
import { AppError } from '../../../src/core/errors.ts';

const DATABASE_URL = 'postgres://127.0.0.1/orders';

test('what is not set has its default, and the result cannot be changed', () => {
  const config = loadConfig(apiConfig, { DATABASE_URL, LOG_LEVEL: '', SOMETHING_ELSE: 'ignored' });

  assert.deepEqual(
    { ...config },
    {
      DATABASE_URL,
      DATABASE_AUTH: 'password',
      HOST: '0.0.0.0',
      PORT: 5000,
      DATABASE_POOL_SIZE: 8,
      DRAIN_DELAY_SECONDS: 0,
      LOG_LEVEL: 'info',
      SERVICE_NAME: 'OrderService',
      NODE_ENV: 'development',
      OIDC_CUSTOMER_CLAIM: 'customer_id',
      HTTPS_REDIRECT: false,
    },
  );
  assert.ok(Object.isFrozen(config));
});

test('every bad variable is named at once, with what it must be, and none is shown', () => {
  const bad = {
    DATABASE_URL: 'secret',
    PORT: '70000',
    LOG_LEVEL: 'loud',
    API_DOCS: 'perhaps',
    DATABASE_POOL_SIZE: '0',
  };

  assert.throws(
    () => loadConfig(apiConfig, bad),
    (error: unknown) => {
      assert.ok(error instanceof AppError);
      assert.equal(error.code, 'CONFIG_INVALID');
      const lines = error.message.split('\n').slice(1);
      assert.deepEqual(new Set(lines.map((line) => line.trim().split(':')[0])), new Set(Object.keys(bad)));
      assert.doesNotMatch(error.message, /secret/);
      return true;
    },
  );
});

for (const port of ['', '0', '80', '65535']) {
  test(`PORT "${port}" is taken`, () => {
    assert.equal(loadConfig(apiConfig, { DATABASE_URL, PORT: port }).PORT, Number(port || 5000));
  });
}

for (const port of ['-1', '65536', '1.5', 'http', '5000x']) {
  test(`PORT "${port}" is refused`, () => {
    assert.throws(() => loadConfig(apiConfig, { DATABASE_URL, PORT: port }), { code: 'CONFIG_INVALID' });
  });
}

test('a variable may come from a file, whose last line break does not count; a value goes before a file', (t) => {
  const file = temporaryFile(t, `${DATABASE_URL}\n`);

  assert.equal(loadConfig(apiConfig, { DATABASE_URL_FILE: file }).DATABASE_URL, DATABASE_URL);
  const both = { DATABASE_URL: 'postgres://other/orders', DATABASE_URL_FILE: file };
  assert.equal(loadConfig(apiConfig, both).DATABASE_URL, 'postgres://other/orders');
});

test('a file that cannot be read is named by its variable', () => {
  assert.throws(
    () => loadConfig(apiConfig, { DATABASE_URL_FILE: '/nowhere' }),
    /DATABASE_URL_FILE: cannot read \/nowhere/,
  );
});

const URLS: [url: string, fault: RegExp | undefined][] = [
  ['postgres://u:p@host/db', undefined],
  ['postgresql://u:p%23w@host:5432/db?sslmode=disable', undefined],
  ['postgres://u:p@ss@host/db', undefined],
  ['postgres:///db?host=/var/run/postgresql', undefined],
  ['postgres://u@%2Fvar%2Frun%2Fpostgresql/db', undefined],
  ['postgres://[::1]:5433/db', undefined],
  ['postgres://host', undefined],
  ['postgres://host/db?options=-c%20search_path%3Dapp&application_name=a@b', undefined],
  ['postgres://u:p@host/db?sslmode=require', undefined],
  ['postgres://u:p@host/db?sslmode=verify-full&uselibpqcompat=true', undefined],
  [
    'postgres://u:secret@host/db?sslmode=verify_full',
    /sslmode has to be one of disable, allow, .*verify-full/,
  ],
  ['postgres://u:secret@host:notaport/db', /pg cannot read it: Invalid URL/],
  ['postgres://u:secret@host:65536/db', /pg cannot read it|the port/],
  ['postgres://u:secret@one:5432,two:5433/db', /several hosts/],
  ['postgres://u:secret@one,two/db', /several hosts/],
  ['postgres://u:secret#more@host/db', /# has to be written as %23/],
  ['postgres://u:1#secret@host/db', /# has to be written as %23/],
  ['postgres://u:1/secret@host/db', /%2F/],
  ['postgres://u:1?secret@host/db', /%3F/],
  ['postgres://u:secret%E0%A4@host/db', /pg cannot read it/],
  ['postgres://u:secret@host/db?sslrootcert=/nowhere', /pg cannot read it: ENOENT.*\/nowhere/],
];

for (const [url, fault] of URLS) {
  test(`the database URL ${url} is ${fault ? 'refused by its name, without the password' : 'taken'}`, () => {
    if (!fault) {
      assert.equal(loadConfig(apiConfig, { DATABASE_URL: url }).DATABASE_URL, url);
      return;
    }
    assert.throws(
      () => loadConfig(apiConfig, { DATABASE_URL: url, PORT: 'x' }),
      (error: unknown) => {
        assert.ok(error instanceof AppError);
        assert.equal(error.code, 'CONFIG_INVALID');
        const [, line = ''] = /^ {2}DATABASE_URL: bad value \((.*)\);/m.exec(error.message) ?? [];
        assert.match(line, fault);
        assert.match(error.message, /^ {2}PORT:/m, 'all at once');
        assert.doesNotMatch(error.message, /secret/);
        return true;
      },
    );
  });
}

function temporaryFile(t: TestContext, content: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'config-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'value');
  writeFileSync(file, content);
  return file;
}
