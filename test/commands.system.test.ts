import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parse as parseYaml } from 'yaml';
import { parseCommand } from '../relay/admin/cli/arguments.ts';
import { parseCommand as parseDeadLettersCommand } from '../src/inbox/admin/cli/arguments.ts';
import { documents } from './support/documents.ts';
import { commandsIn } from './support/shell-commands.ts';
import { plants } from './system/chaos/plants/plants.ts';

// Every command that a document names, as far as it can be checked without carrying it out: programs, npm scripts, files and
// options. What a curl is answered is compared in test/api-guide.system.test.ts. docs/tutorial.md is carried out, command by
// command: test/tutorial.system.test.ts.

const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> };
const { services } = parseYaml(readFileSync('compose.yaml', 'utf8')) as {
  services: Record<string, { profiles?: string[] }>;
};
const profiles = new Set(Object.values(services).flatMap((service) => service.profiles ?? []));
const INLINE = /^(?:[A-Z_]+=\S+ )*(?:npm|npx|node|docker|curl) [^`]/;
const MESSAGE_ID = '01a2061d-4c17-70c2-86cf-054c0e53a32b';
/** What stands for what a reader puts there. */
const VARIABLES = { ORDER: '01a20673f0007a97b4584d0516065b65', ID: MESSAGE_ID };
/** Languages of other people's programs. */
const READ_ALONE = ['csharp', 'java', 'python'];
const PLACEHOLDERS: Readonly<Record<string, string>> = {
  ID: MESSAGE_ID,
  N: '1',
  NAME: 'relay.drain',
  PATH: 'test/layers.test.ts',
};
const PROGRAM_CHECKS: Readonly<Record<string, (args: readonly string[]) => void>> = {
  npm: checkNpm,
  npx: ([program = '', ...args]) => {
    assert.equal(program, 'node', 'npx is for node');
    checkNode(args);
  },
  node: checkNode,
  docker: checkDocker,
  curl: () => undefined,
};

for (const { path, blocks, code } of documents.filter(({ path: each }) => each !== 'docs/tutorial.md')) {
  const shell = blocks.filter(({ language }) => language === 'bash').map(({ text }) => text);
  const inline = code.filter((text) => INLINE.test(text));
  const named = [...shell, ...inline];
  if (named.length === 0) continue;
  test(`every command that ${path} names can be run`, () => {
    for (const script of named) {
      for (const [program = '', ...args] of commandsIn(script, VARIABLES)) {
        PROGRAM_CHECKS[program]?.(args.map((arg) => PLACEHOLDERS[arg] ?? arg));
      }
    }
  });
}

test('what a document shows is of a kind that is checked', () => {
  const kinds = new Set(
    documents.flatMap(({ blocks }) => blocks.map(({ language }) => language.split(' ')[0])),
  );

  // Without a language: pictures and maps.
  assert.deepEqual(
    kinds,
    new Set(['', 'bash', 'http', 'ini', 'json', 'mermaid', 'sql', 'text', 'ts', ...READ_ALONE]),
  );
});

test('what is read and not run says so, and is on one page', () => {
  const pages = documents.filter(({ blocks }) =>
    blocks.some(({ language }) => READ_ALONE.includes(language)),
  );

  assert.deepEqual(
    pages.map(({ path, text }) => [path, text.match(/^Read, not run: /gm)?.length]),
    [['docs/consume.md', READ_ALONE.length]],
  );
});

test('every SQL block has a name, and is carried out', () => {
  const carriedOut = globSync([
    'test/deploy/roles/*.ts',
    'test/examples/*.ts',
    'test/faults/recovery/wal-guard.system.test.ts',
    'test/system/relay-alone.system.test.ts',
    'test/tutorial.system.test.ts',
  ])
    .map((path) => readFileSync(path, 'utf8'))
    .join('\n');
  const names = documents.flatMap(({ blocks }) =>
    blocks
      .filter(({ language }) => /^sql\b/.test(language))
      .map(({ language }) => language.slice('sql '.length)),
  );

  assert.equal(new Set(names).size, names.length);
  assert.deepEqual(
    names.filter((name) => !name || !carriedOut.includes(`'${name}'`)),
    [],
  );
});

function checkNpm(args: readonly string[]): void {
  const [command = '', ...words] = args.filter((arg) => arg !== '--silent');
  if (command === 'ci' && words.length === 0) return;
  const [script = '', separator, ...passed] = command === 'run' ? words : [command, ...words];
  assert.ok(script in scripts, `npm run ${script}: there is no such script`);
  if (separator !== undefined) assert.equal(separator, '--', `npm takes ${separator} for itself`);
  const [, program] = /.*\s(\S+\.ts)\b/.exec(scripts[script] ?? '') ?? [];
  if (program) checkProgram(program, passed);
  else checkDrizzleKit(scripts[script] ?? '', passed);
}

function checkNode(args: readonly string[]): void {
  // What begins with a dash is node's own; without a program, it reads one from its input.
  const [program, ...passed] = args.slice(args.findIndex((arg) => !arg.startsWith('-')));
  if (args.some((arg) => !arg.startsWith('-')) && program) checkProgram(program, passed);
}

/** Options by the program's own reading of them, which then goes no further. */
function checkProgram(program: string, args: readonly string[]): void {
  assert.ok(existsSync(program), `${program} does not exist`);
  if (program === 'relay/admin/cli/main.ts') parseCommand(args);
  else if (program === 'src/inbox/admin/cli/main.ts') parseDeadLettersCommand(args);
  else if (/\b(parseArgs|commandLine)\(/.test(readFileSync(program, 'utf8'))) assertKnown(program, args);
  else
    assert.deepEqual(
      args.filter((arg) => !/^\d+$/.test(arg)),
      [],
      `${program} takes numbers only`,
    );
  const words = args.filter((arg) => !arg.startsWith('-'));
  for (const file of words.filter((word) => word.endsWith('.ts'))) assert.ok(existsSync(file), file);
  if (program === 'bench/main.ts') {
    for (const name of words.filter((word) => !/^\d+$/.test(word))) assertFigure(name);
  }
  const plant = args[args.indexOf('--plant') + 1];
  if (args.includes('--plant')) {
    assert.ok(plant === 'all' || plants.some(({ name }) => name === plant), `there is no plant ${plant}`);
  }
}

function assertKnown(program: string, args: readonly string[]): void {
  if (args.length === 0) return;
  const parsed = spawnSync(process.execPath, ['--import', './test/support/parse-only.ts', program, ...args], {
    encoding: 'utf8',
    timeout: 30_000,
  });
  assert.equal(parsed.status, 0, `${program} ${args.join(' ')}: ${parsed.stderr}`);
}

function assertFigure(name: string): void {
  const file = `figures/${name.replaceAll('.', '-')}.ts`;
  assert.ok(readFileSync('bench/main.ts', 'utf8').includes(`'./${file}'`), `there is no figure ${name}`);
  assert.ok(readFileSync(`bench/${file}`, 'utf8').includes(`'${name}'`), `${file} is not ${name}`);
}

function checkDrizzleKit(script: string, args: readonly string[]): void {
  if (args.length === 0) return;
  const [, command = ''] = /^drizzle-kit (\w+)$/.exec(script) ?? [];
  const { stdout } = spawnSync('node_modules/.bin/drizzle-kit', [command, '--help'], { encoding: 'utf8' });
  for (const arg of args) assert.ok(command && stdout.includes(` ${arg} `), `${script} does not take ${arg}`);
}

function checkDocker([compose, ...words]: readonly string[]): void {
  assert.equal(compose, 'compose');
  if (words[0] === '--profile') {
    const [, profile = ''] = words.splice(0, 2);
    assert.ok(profiles.has(profile), `compose.yaml has no profile ${profile}`);
  }
  const [command = '', ...args] = words;
  assert.ok(['up', 'run'].includes(command), command);
  for (const name of args.filter((arg) => !arg.startsWith('-'))) {
    assert.ok(name in services, `compose.yaml has no ${name}`);
  }
}
