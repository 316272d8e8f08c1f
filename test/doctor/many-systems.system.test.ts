import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { test } from 'node:test';
import type { Finding } from '../../doctor/finding.ts';
import { createDatabase } from '../support/database.ts';
import { createBus } from '../support/relay.ts';
import { runDoctor } from './run-doctor.ts';
import { brokerEnvironment } from './support.ts';
import { writeList } from './write-list.ts';

test('many systems are looked at by a list, each by its own file, and what is wrong is named by its system', async (t) => {
  const [eu, us] = [await createDatabase(t), await createDatabase(t)];
  const bus = await createBus(t);
  const fileOf = ({ url }: { url: string }) => ({
    DATABASE_URL: url,
    RELAY_PORT: '1',
    ...brokerEnvironment(bus),
  });
  const list = writeList(t, { 'eu.env': fileOf(eu), 'us.env': fileOf(us) });
  // What is set here is not what a file has left out.
  const elsewhere = { DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none', INBOX_SUBSCRIPTIONS: 'a/b' };
  const look = (...args: string[]) =>
    runDoctor(elsewhere, 'relay', '--all', list, '--emulator-port', String(bus.healthPort), ...args);

  const well = await look();
  await us.pool.query('DROP PUBLICATION order_outbox');
  const broken = await look('--json');

  assert.equal(well.code, 0, well.stdout + well.stderr);
  for (const [system, { name }] of [
    ['eu.env', eu],
    ['us.env', us],
  ] as const) {
    assert.match(
      well.stdout,
      new RegExp(`^${system}: PostgreSQL, for the relay\n.* connection: .*/${name}`, 'm'),
    );
    assert.match(well.stdout, new RegExp(`^${system}: 0 wrong, \\d+ risky`, 'm'));
  }
  assert.equal(broken.code, 1);
  const { findings } = JSON.parse(broken.stdout) as { findings: Finding[] };
  assert.deepEqual(
    findings
      .filter(({ verdict }) => verdict === 'wrong')
      .map(({ system, group, check }) => ({ system, group, check })),
    [{ system: 'us.env', group: 'PostgreSQL, for the relay', check: 'publication' }],
  );
});

test('a list that is not there, or that names no system, is wrong usage', async (t) => {
  const empty = writeList(t, {});
  writeFileSync(empty, '# nobody yet\n');

  const missing = await runDoctor({}, '--all', `${empty}.txt`);
  const nobody = await runDoctor({}, '--all', empty);

  assert.deepEqual([missing.code, nobody.code], [2, 2]);
  assert.match(missing.stderr, /ENOENT.*systems\.txt/);
  assert.match(nobody.stderr, /names no \.env file/);
});
