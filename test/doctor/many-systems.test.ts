import assert from 'node:assert/strict';
import { test } from 'node:test';
import { examineSystems, listedSystems } from '../../doctor/examine-systems.ts';
import { writeList } from './write-list.ts';

test('a list names one .env file a line, and may have comments and empty lines', () => {
  assert.deepEqual(listedSystems('# Europe\r\neu/.env\r\n\n  us west.env  \n#ap.env'), [
    'eu/.env',
    'us west.env',
  ]);
});

test('more systems than are looked at at a time are all told, each by its name, in the order of the list', async (t) => {
  const names = Array.from({ length: 20 }, (_, n) => `${n}.env`);
  const bad = { DATABASE_URL: 'mysql://x' };

  const findings = await examineSystems(writeList(t, Object.fromEntries(names.map((name) => [name, bad]))), {
    halves: ['api'],
  });

  const wrong = findings.filter(({ verdict }) => verdict === 'wrong');
  assert.deepEqual(
    wrong.map(({ system }) => system),
    names,
  );
  for (const { check, reason } of wrong)
    assert.match(`${check}: ${reason}`, /^api: +DATABASE_URL: bad value/);
});

test('a file that cannot be read is wrong, and the others are looked at', async (t) => {
  const list = writeList(t, { 'eu.env': undefined, 'us.env': { DATABASE_URL: 'mysql://x' } });

  const findings = await examineSystems(list);

  assert.deepEqual(
    findings.filter(({ verdict }) => verdict === 'wrong').map(({ system, check }) => [system, check]),
    [
      ['eu.env', 'environment file'],
      ['us.env', 'api'],
    ],
  );
  assert.match(findings[0]?.reason ?? '', /ENOENT.*eu\.env/);
});
