import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parseArgs } from 'node:util';
import { ApiError, type ApiErrorCode } from '../src/api-error.ts';
import { toProblem } from '../src/http/problem-details.ts';
import { type CodeBlock, document, documents } from './support/documents.ts';
import { untilAllMarked } from './support/relay.ts';
import { commandsIn } from './support/shell-commands.ts';
import { createStack, postOrder, type TestStack } from './support/stack.ts';

// Every curl of the documents is run. Of docs/api.md, from its top to its end, the answers are compared with those that it shows.

/** Of every answer, so that docs/api.md does not repeat them. */
const OF_EVERY_ANSWER = new Set([
  'connection',
  'content-length',
  'content-security-policy',
  'content-type',
  'cross-origin-resource-policy',
  'date',
  'keep-alive',
  'referrer-policy',
  'x-content-type-options',
  'x-correlation-id',
]);
/** docs/tutorial.md has a test of its own. */
const GUIDES = ['docs/api.md', 'README.md', 'docs/tutorial.md'];

test('the guide to the API shows what each of its requests is answered', async (t) => {
  const stack = await startStack(t);
  await postOrder(stack); // the demo's, which comes before those of the guide
  const shown: string[] = [];
  const answered: string[] = [];
  let order = '';
  for (const [script, answers] of exchangesIn(document('docs/api.md').blocks)) {
    const commands = commandsIn(script, { ORDER: order });
    for (const [n, answer] of answers.entries()) {
      // With more answers than commands, the last command is sent again.
      const command = commands[Math.min(n, commands.length - 1)] ?? [];
      if (command.at(-1)?.endsWith('/events')) await untilAllMarked(stack.db);
      const { head, body } = await send(command, stack);
      order ||= (JSON.parse(body) as { orderId: string }).orderId;
      shown.push(compact(answer));
      answered.push(
        answer.endsWith('\n\n...') ? `${head}\n\n...` : [head, body].filter(Boolean).join('\n\n'),
      );
    }
  }

  assert.equal(shown.length, 9);
  assert.deepEqual(withoutChance(answered), withoutChance(shown));
  assert.equal((await stack.db.query('SELECT FROM orders')).rowCount, 3);
});

test('the README shows what its request is answered', async (t) => {
  const { blocks } = document('README.md');
  const [command = []] = commandsIn(blocks.find(({ text }) => text.startsWith('curl'))?.text ?? '');
  const shown = JSON.stringify(JSON.parse(blocks.find(({ language }) => language === 'json')?.text ?? ''));

  const { head, body } = await send(command, await startStack(t));

  assert.match(head, /^HTTP\/1.1 201 Created\netag: "1"\nlocation: \/api\/orders\/[0-9a-f]{32}$/);
  assert.deepEqual(withoutChance([body]), withoutChance([shown]));
});

test('the other documents name addresses that answer', async (t) => {
  const stack = await startStack(t);
  await stack.startInbox().ready(`${stack.inboxUrl}/health/ready`);
  const { orderId } = await postOrder(stack);
  const others = documents.filter(({ path }) => !GUIDES.includes(path));
  const scripts = others.flatMap(({ blocks, code }) => [
    ...blocks.filter(({ language }) => language === 'bash').map(({ text }) => text),
    ...code.filter((text) => text.startsWith('curl ')),
  ]);
  const curls = scripts
    .flatMap((script) => commandsIn(script, { ORDER: orderId, ID: '' }))
    .filter(([program]) => program === 'curl');

  assert.ok(curls.length > 3);
  for (const command of curls) {
    assert.match((await send(command, stack)).head, /^HTTP\/1.1 20[014] /, command.join(' '));
  }
});

test('every problem of the API is in the table, with its status', () => {
  const rows = [...readFileSync('docs/api.md', 'utf8').matchAll(/^\| `([a-z-]+)` \| (\d{3}) \|/gm)].map(
    ([, type = '', status]) => ({
      code: type.toUpperCase().replaceAll('-', '_'),
      type,
      status: Number(status),
    }),
  );
  const codes = [...readFileSync('src/api-error.ts', 'utf8').matchAll(/^ {2}\| '(\w+)'/gm)].map(
    ([, code]) => code,
  );

  // What only keeps an api from starting is told to no client.
  const told = codes.filter((code) => !code?.startsWith('SCHEMA_'));
  assert.deepEqual(new Set(rows.map(({ code }) => code)), new Set([...told, 'DATABASE_UNAVAILABLE']));
  for (const { code, type, status } of rows) {
    const problem = toProblem(new ApiError(code as ApiErrorCode, 'Said no'), 'id');
    assert.deepEqual([problem.type, problem.status], [`urn:order-service:problem:${type}`, status]);
  }
});

async function startStack(t: Parameters<typeof createStack>[0]): Promise<TestStack> {
  const stack = await createStack(t);
  await stack.startApi().ready(`${stack.apiUrl}/health/ready`);
  await stack.startRelay().ready(`${stack.relayUrl}/health/ready`);
  return stack;
}

/** Each script, with the answers that are shown behind it. */
function exchangesIn(blocks: readonly CodeBlock[]): [script: string, answers: string[]][] {
  const exchanges: [string, string[]][] = [];
  for (const { language, text } of blocks) {
    if (language === 'bash') exchanges.push([text, []]);
    else if (language.startsWith('http')) exchanges.at(-1)?.[1].push(...text.trim().split(/\n\n(?=HTTP)/));
  }
  return exchanges;
}

/** Runs a curl command against the stack; an option that is not known here fails. */
async function send(command: readonly string[], stack: TestStack): Promise<{ head: string; body: string }> {
  const { values, positionals } = parseArgs({
    args: command.slice(1),
    allowPositionals: true,
    options: {
      include: { type: 'boolean', short: 'i' },
      silent: { type: 'boolean', short: 's' },
      request: { type: 'string', short: 'X', default: 'GET' },
      header: { type: 'string', short: 'H', multiple: true, default: [] },
      data: { type: 'string', short: 'd' },
    },
  });
  const [url = ''] = positionals;
  const target = url
    .replace('http://localhost:5000', stack.apiUrl)
    .replace('http://localhost:5001', stack.relayUrl)
    .replace('http://localhost:5002', stack.inboxUrl)
    .replace('http://localhost:5300', `http://127.0.0.1:${stack.bus.healthPort}`);
  const response = await fetch(target, {
    method: values.request,
    headers: values.header.map((header) => header.split(': ', 2) as [string, string]),
    ...(values.data !== undefined && { body: values.data }),
  });
  const headers = [...response.headers].filter(([name]) => !OF_EVERY_ANSWER.has(name));
  return {
    head: [
      `HTTP/1.1 ${response.status} ${response.statusText}`,
      ...headers.map((header) => header.join(': ')),
    ].join('\n'),
    body: await response.text(),
  };
}

/** An answer with its JSON on one line. */
function compact(answer: string): string {
  const [head, body] = answer.split('\n\n', 2);
  return body === undefined || body === '...' ? answer : `${head}\n\n${JSON.stringify(JSON.parse(body))}`;
}

/** Texts without what is another one each time: cursors, times, and ids, of which the same one stays the same. */
function withoutChance(texts: readonly string[]): string[] {
  const ids = new Map<string, string>();
  return texts.map((text) =>
    text
      .replaceAll(/(cursor=|"next":")[\w-]{40,}/g, '$1CURSOR')
      .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g, 'TIME')
      .replaceAll(/\b[0-9a-f]{32}\b|\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g, (id) => {
        if (!ids.has(id)) ids.set(id, `ID${ids.size}`);
        return ids.get(id) ?? id;
      }),
  );
}
