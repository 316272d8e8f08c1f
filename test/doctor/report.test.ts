import assert from 'node:assert/strict';
import { test } from 'node:test';
import { examine } from '../../doctor/check.ts';
import { cannotTell, type Finding, right, risky, wrong } from '../../doctor/finding.ts';
import { exitCode, textReport } from '../../doctor/report.ts';

const SLOT: Finding = { group: 'PostgreSQL', check: 'slot', ...right('a relay streams') };

test('it is told in groups, with what mends it below, and ends with the counts', () => {
  const report = textReport([
    SLOT,
    { group: 'PostgreSQL', check: 'role', ...wrong('it may not', 'ALTER ROLE r REPLICATION;') },
    { group: 'Service Bus', check: 'window', ...risky('5 min') },
  ]);

  assert.equal(
    report,
    `PostgreSQL
  right        slot: a relay streams
  wrong        role: it may not
               $ ALTER ROLE r REPLICATION;

Service Bus
  risky        window: 5 min

1 wrong, 1 risky, 0 cannot tell, 1 right`,
  );
});

test('of several systems each is told by its name, and counted', () => {
  const report = textReport([
    { system: 'eu.env', ...SLOT },
    { system: 'us.env', ...SLOT, ...cannotTell('no connection') },
    { system: 'ap.env', ...SLOT, ...cannotTell('no connection') },
  ]);

  assert.equal(
    report,
    `eu.env: PostgreSQL
  right        slot: a relay streams

us.env: PostgreSQL
  cannot tell  slot: no connection

ap.env: PostgreSQL
  cannot tell  slot: no connection

eu.env: 0 wrong, 0 risky, 0 cannot tell, 1 right
us.env: 0 wrong, 0 risky, 1 cannot tell, 0 right
ap.env: 0 wrong, 0 risky, 1 cannot tell, 0 right
0 wrong, 0 risky, 2 cannot tell, 1 right`,
  );
});

test('no line but a command is longer than 80, and no word is lost', () => {
  const reason = 'long words '.repeat(40).trim();
  const command = 'npm run '.repeat(20);

  const lines = textReport([{ group: 'g', check: 'c', ...wrong(reason, command) }]).split('\n');

  assert.deepEqual(
    lines.filter((line) => line.length > 80).map((line) => line.trim()),
    [`$ ${command}`.trim()],
  );
  assert.equal(lines.join('\n').match(/\b(long|words)\b/g)?.length, 80);
});

test('what cannot be told for one reason is told once', () => {
  const unknown = (check: string): Finding => ({ group: 'g', check, ...cannotTell('no connection') });

  assert.match(
    textReport([unknown('a'), unknown('b'), SLOT, unknown('c')]),
    /a, b: no connection\n[\s\S]* c: no connection/,
  );
});

test('the exit code is 1 when something is wrong, and what cannot be told is not', () => {
  assert.equal(exitCode([SLOT, { ...SLOT, ...risky('') }, { ...SLOT, ...cannotTell('') }]), 0);
  assert.equal(exitCode([SLOT, { ...SLOT, ...wrong('') }]), 1);
});

test('what cannot be asked, or is not answered, hides nothing else', async () => {
  const checks = [
    { name: 'refused', look: () => Promise.reject(new Error('permission denied')) },
    { name: 'silent', look: () => new Promise<never>(() => undefined) },
    { name: 'fine', look: async () => right('yes') },
  ];

  const findings = await examine('g', undefined, checks, { eachMs: 20, allMs: 10_000 });

  assert.deepEqual(
    findings.map(({ check, verdict, reason }) => [check, verdict, reason]),
    [
      ['refused', 'cannot tell', 'permission denied'],
      ['silent', 'cannot tell', 'no answer within 0.02 s'],
      ['fine', 'right', 'yes'],
    ],
  );
});

test('when all together have taken too long, the rest is not asked', async () => {
  const silent = { name: 'silent', look: () => new Promise<never>(() => undefined) };

  const findings = await examine('g', undefined, [silent, silent], { eachMs: 20, allMs: 10 });

  assert.deepEqual(
    findings.map(({ reason }) => reason),
    ['no answer within 0.02 s', 'not asked: those before took too long'],
  );
});
