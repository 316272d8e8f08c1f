import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type TestContext, test } from 'node:test';
import { freePort } from '../dev/free-port.ts';
import { cleanup } from './support/cleanup.ts';
import { openPool } from './support/cluster.ts';
import { document, sqlBlock } from './support/documents.ts';
import { answers } from './support/npm-process.ts';
import { commandsIn } from './support/shell-commands.ts';
import { createStack, type TestStack } from './support/stack.ts';
import { until } from './support/until.ts';

// docs/tutorial.md from its top to its end: its files are written into a folder that is empty, its commands carried out. Other ports
// and addresses stand for those that the page names, and a stack of the test's own for `npm run dev -- --inbox`.

const OF_THE_PROJECT = ['drizzle', 'node_modules', 'package.json', 'relay', 'src', 'tsconfig.json'];
const IS_STARTED_OTHERWISE = /^npm (ci|run dev -- --inbox)$/;
const RUNS_ON = /^(npm run relay|npx node .* shipping\/main\.ts)$/;

test('each step of the tutorial works, and the order that is placed at its end is shipped', async (t) => {
  const { blocks } = document('docs/tutorial.md');
  const stack = await startOrderService(t);
  const folder = emptyFolder(t);
  const server = openPool(t, stack.postgres.url('postgres'));
  const carriedOut: string[] = [];
  let answer = '';
  for (const { language, text } of blocks) {
    const [kind, name = ''] = language.split(' ');
    if (kind === 'ts') writeFileSync(join(folder, name), `${text}\n`);
    else if (kind === 'sql') await server.query(sqlBlock('tutorial-database'));
    else if (kind === 'json') await until('the order is shipped', () => isAsShown(stack, answer, text));
    else {
      const env = await environmentOf(text, stack);
      for (const words of commandsIn(text, { ORDER: orderIdOf(answer) })) {
        const command = words.join(' ');
        carriedOut.push(command);
        if (IS_STARTED_OTHERWISE.test(command)) continue;
        if (RUNS_ON.test(command)) await start(t, words, folder, env);
        else answer = carryOut(words, folder, env, stack) || answer;
      }
    }
  }

  assert.equal(carriedOut.length, 9, carriedOut.join('\n'));
  checkTypes(folder);
});

async function startOrderService(t: TestContext): Promise<TestStack> {
  const stack = await createStack(t);
  const [api, relay, inbox] = [stack.startApi(), stack.startRelay(), stack.startInbox()];
  await Promise.all([
    api.ready(`${stack.apiUrl}/health/ready`),
    relay.ready(`${stack.relayUrl}/health/ready`),
    inbox.ready(`${stack.inboxUrl}/health/ready`),
  ]);
  return stack;
}

/** A checkout with nothing in it but what the service uses, and its empty folder. */
function emptyFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'tutorial-'));
  cleanup(t, () => rmSync(folder, { recursive: true }));
  for (const name of OF_THE_PROJECT) symlinkSync(resolve(name), join(folder, name));
  mkdirSync(join(folder, 'shipping'));
  return folder;
}

/** What a block of shell exports, at the addresses of this stack. */
async function environmentOf(text: string, { postgres, bus }: TestStack): Promise<Record<string, string>> {
  const exported = [...text.matchAll(/^export (\w+)='?([^'\n]*)'?$/gm)].map(
    async ([, name = '', value = '']) => {
      if (name === 'DATABASE_URL') return [name, postgres.url(new URL(value).pathname.slice(1))];
      if (name === 'SERVICEBUS_CONNECTION_STRING') return [name, bus.connectionString];
      return [name, name.endsWith('_PORT') ? String(await freePort()) : value];
    },
  );
  const { PATH = '', HOME = '', TMPDIR = '' } = process.env;
  return { PATH, HOME, TMPDIR, ...Object.fromEntries(await Promise.all(exported)) };
}

function carryOut(
  [program = '', ...args]: readonly string[],
  folder: string,
  env: Record<string, string>,
  { apiUrl }: TestStack,
): string {
  const here = args.map((arg) => arg.replace('http://localhost:5000', apiUrl));
  const stdout = execFileSync(program, here, { cwd: folder, env, encoding: 'utf8' });
  return program === 'curl' ? stdout : '';
}

/** Starts what goes on until the test ends; resolves when it is ready. */
async function start(
  t: TestContext,
  [program = '', ...args]: readonly string[],
  folder: string,
  env: Record<string, string>,
): Promise<void> {
  const child = spawn(program, args, {
    cwd: folder,
    env,
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.on('data', (data) => {
    output += data;
  });
  const pid = child.pid ?? assert.fail(`${program} does not start`);
  cleanup(t, () => process.kill(-pid, 'SIGKILL'));
  const url = `http://127.0.0.1:${env['INBOX_PORT'] ?? env['RELAY_PORT']}/health/ready`;
  await until(`${args.at(-1)} is ready`, async () => {
    assert.equal(child.exitCode, null, output);
    return answers(url);
  });
}

const orderIdOf = (answer: string) => (answer ? String(JSON.parse(answer).orderId) : '');

/** Whether the order has become what the page shows of it. */
async function isAsShown({ apiUrl }: TestStack, answer: string, shown: string): Promise<boolean> {
  const order = await (await fetch(`${apiUrl}/api/orders/${orderIdOf(answer)}`)).json();
  const { status, history } = order as { status: string; history: Record<string, unknown>[] };
  if (status !== 'Shipped') return false;
  const told = history.map(({ reason: _reason, at: _at, ...entry }) => entry);
  assert.deepEqual({ status, version: told.length, history: told }, JSON.parse(shown));
  return true;
}

function checkTypes(folder: string): void {
  writeFileSync(
    join(folder, 'tsconfig.shipping.json'),
    '{ "extends": "./tsconfig.json", "include": ["shipping"] }',
  );
  const args = ['node_modules/typescript-7/bin/tsc', '--noEmit', '-p', 'tsconfig.shipping.json'];
  execFileSync(process.execPath, args, { cwd: folder, stdio: 'inherit' });
}
