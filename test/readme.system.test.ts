import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parseArgs } from 'node:util';
import { relayConfig } from '../relay/config.ts';
import { apiConfig } from '../src/config.ts';
import { untilAllMarked } from './support/relay.ts';
import { createStack, postOrder } from './support/stack.ts';

// What the README says, against what there is. What it shows of the demo is held by test/system/demo.system.test.ts.

const readme = readFileSync('README.md', 'utf8');
const manifest = JSON.parse(readFileSync('package.json', 'utf8'));

test('every npm script is named, and every script that is named exists', () => {
  const named = [...readme.matchAll(/npm (?:run ([\w:]+)|(test)\b)/g)].map(
    ([, run, short]) => run ?? short ?? '',
  );

  assert.deepEqual([...new Set(named)].sort(), Object.keys(manifest.scripts).sort());
});

for (const document of ['README.md', 'ARCHITECTURE.md']) {
  test(`every file and folder that ${document} names exists`, () => {
    const text = readFileSync(document, 'utf8');
    const paths = [...pathsIn(text), ...linksIn(text)];

    assert.ok(paths.length > 5, `${paths.length} paths`);
    assert.deepEqual(
      paths.filter((path) => !existsSync(path)),
      [],
    );
  });
}

test('every folder of the code is on the map, and every folder on the map exists', () => {
  const folders = mapOf(block('```\nsrc/'));

  assert.deepEqual(
    folders.filter((folder) => !existsSync(folder)),
    [],
  );
  const roots = readdirSync('.', { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && /^(?!node_modules)\w/.test(entry.name))
    .map(({ name }) => `${name}/`);
  assert.deepEqual(folders.filter((folder) => roots.includes(folder)).sort(), roots.sort());
});

test('every variable is in the table with its default', () => {
  const schemas = { ...apiConfig.properties, ...relayConfig.properties } as Record<string, Schema>;
  const rows = [...readme.matchAll(/^\| `([A-Z_]+)` \|([^|]*)\|([^|]*)\|$/gm)];
  const required = new Set<string>([...(apiConfig.required ?? []), ...(relayConfig.required ?? [])]);

  const named = rows.map(([, name = '']) => name).filter((name) => !name.startsWith('OTEL_'));

  assert.deepEqual(named.sort(), Object.keys(schemas).sort());
  for (const [, name = '', shown = '', usedBy = ''] of rows) {
    const schema = schemas[name];
    if (!schema) continue;
    if (schema.default !== undefined) assert.equal(shown.trim(), `\`${schema.default}\``, name);
    else assert.equal(shown.trim() === 'required', required.has(name), name);
    const used = { api: name in apiConfig.properties, relay: name in relayConfig.properties };
    assert.match(usedBy, used.api && used.relay ? /both|api, relay/ : used.api ? /^ api/ : /^ relay/, name);
  }
});

test('the versions are those of package.json', () => {
  const [, node] = /Node (\d+\.\d+) or later/.exec(readme) ?? [];

  assert.equal(manifest.engines.node, `>=${node}`);
});

test('the curl command has the answer that is shown', async (t) => {
  const { headers, data, url, method } = curlCommand(block('```bash\ncurl'));
  const shown = JSON.parse(block('```json'));
  const stack = await createStack(t);
  await stack.startApi().ready(`${stack.apiUrl}/health/ready`);

  const response = await fetch(url.replace('http://localhost:5000', stack.apiUrl), {
    method,
    headers,
    body: data,
  });

  const answer = (await response.json()) as typeof shown;
  assert.equal(response.status, 201);
  assert.equal(response.headers.get('location'), `/api/orders/${answer.orderId}`);
  for (const { orderId, createdAt } of [answer, shown]) {
    assert.match(orderId, /^[0-9a-f]{32}$/);
    assert.equal(createdAt, new Date(createdAt).toISOString());
  }
  const { orderId, createdAt } = shown;
  // As text, so that the order of the members counts too.
  assert.equal(JSON.stringify({ ...answer, orderId, createdAt }), JSON.stringify(shown));
});

test('the curl command with a key has the two answers that are shown', async (t) => {
  const section = '### Safe to send again';
  const { headers, data, url, method } = curlCommand(block('```bash\ncurl', section));
  const shown = [block('```http', section), block('```http', 'And the second time')].map(answerHead);
  const stack = await createStack(t);
  await stack.startApi().ready(`${stack.apiUrl}/health/ready`);

  for (const [status, fields] of shown) {
    const response = await fetch(url.replace('http://localhost:5000', stack.apiUrl), {
      method,
      headers,
      body: data,
    });

    const { orderId } = (await response.json()) as { orderId: string };
    assert.equal(`HTTP/1.1 ${response.status} ${response.statusText}`, status);
    assert.match(fields['location'] ?? '', /^\/api\/orders\/[0-9a-f]{32}$/);
    assert.equal(response.headers.get('location'), `/api/orders/${orderId}`);
    assert.equal(response.headers.get('idempotency-replayed') ?? undefined, fields['idempotency-replayed']);
  }
  assert.equal((await stack.db.query('SELECT FROM orders')).rowCount, 1);
  assert.equal(shown[0]?.[1]['location'], shown[1]?.[1]['location']);
  assert.deepEqual(Object.keys(shown[1]?.[1] ?? {}), ['idempotency-replayed', 'location']);
});

test('the other curl commands have the answers that are shown', async (t) => {
  const stack = await createStack(t);
  await stack.startApi().ready(`${stack.apiUrl}/health/ready`);
  await stack.startRelay().ready(`${stack.relayUrl}/health/ready`);
  await postOrder(stack);
  const { orderId } = await postOrder(stack);

  for (const [start, answer] of [
    ['```bash\ncurl -i http://localhost:5000/api/orders/$ORDER\n', '```http read\n'],
    ['```bash\ncurl -i -X POST http://localhost:5000/api/orders/$ORDER/cancel', '```http cancel\n'],
    ["```bash\ncurl -i 'http://localhost:5000/api/orders?", '```http list\n'],
  ] as const) {
    const commands = block(start).split(/\n(?=curl)/);
    const shown = block(answer).split(/\n\n(?=HTTP)/);
    assert.equal(commands.length, shown.length, start);
    for (const [n, command] of commands.entries()) {
      const { headers, data, url, method } = curlCommand(command, orderId);
      if (url.endsWith('/events')) await untilAllMarked(stack.db);
      const response = await fetch(url.replace('http://localhost:5000', stack.apiUrl), {
        method,
        headers,
        ...(data && { body: data }),
      });
      assert.equal(shape(await asText(response)), shape(shown[n] ?? ''), command);
    }
  }
});

/** An answer as `curl -i` prints it, of its headers only those that are about orders. */
async function asText(response: Response): Promise<string> {
  const shown = ['etag', 'cache-control', 'link'].flatMap((name) => {
    const value = response.headers.get(name);
    return value === null ? [] : `${name}: ${value}`;
  });
  const head = [`HTTP/1.1 ${response.status} ${response.statusText}`, ...shown].join('\n');
  const body = await response.text();
  return body ? `${head}\n\n${body}` : head;
}

/** An answer without what is another one each time: ids, times, and the cursors that are made of both. */
function shape(answer: string): string {
  return answer
    .replaceAll(/\b[0-9a-f]{32}\b|\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g, 'ID')
    .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g, 'TIME')
    .replaceAll(/(cursor=|"next":")[\w-]{40,}/g, '$1CURSOR')
    .trim();
}

interface Schema {
  readonly default?: string | number | boolean;
}

/** The first fenced block that begins like this, without its fences, after this text. */
function block(start: string, after = ''): string {
  const at = readme.indexOf(start, readme.indexOf(after));
  assert.notEqual(at, -1, `there is a block that begins with ${start}`);
  const from = readme.indexOf('\n', at) + 1;
  return readme.slice(from, readme.indexOf('\n```', from));
}

/** What stands in backticks and looks like a path of the repository. */
function pathsIn(text: string): string[] {
  const prose = text.replaceAll(/^```[\s\S]*?^```/gm, '');
  const roots = /^(src|relay|dev|bench|test|docs|drizzle)\/|^\w[\w.-]*\.(ts|md|json|yaml)$/;
  return [...prose.matchAll(/`([^`\s*]+)`/g)].map(([, path = '']) => path).filter((path) => roots.test(path));
}

function linksIn(text: string): string[] {
  return [...text.matchAll(/\]\(([^)#:]+)(#[^)]*)?\)/g)].map(([, path = '']) => path);
}

/** The paths of a folder map in which two spaces of indent mean one folder down. */
function mapOf(map: string): string[] {
  const above: string[] = [];
  return map.split('\n').flatMap((line) => {
    const [, indent = '', name] = /^( *)(\S+\/) /.exec(line) ?? [];
    if (!name) return [];
    above.length = indent.length / 2;
    above.push(name);
    return [above.join('')];
  });
}

/** The status line of an answer as curl shows it, and its header fields. */
function answerHead(answer: string): [status: string, fields: Record<string, string>] {
  const [status = '', ...lines] = answer.split('\n');
  return [status, Object.fromEntries(lines.map((line) => line.split(': ', 2) as [string, string]))];
}

/** A curl command as the shell hands it over; an option that is not known here fails. */
function curlCommand(command: string, order = '') {
  const print = `"${process.execPath}" -p 'JSON.stringify(process.argv.slice(1))' -- "$@"`;
  const shell = spawnSync('sh', ['-c', `curl() { ${print}; }\n${command}`], {
    encoding: 'utf8',
    env: { ...process.env, ORDER: order },
  });
  assert.equal(shell.status, 0, shell.stderr);
  const { values, positionals } = parseArgs({
    args: JSON.parse(shell.stdout),
    allowPositionals: true,
    options: {
      include: { type: 'boolean', short: 'i' },
      request: { type: 'string', short: 'X', default: 'GET' },
      header: { type: 'string', short: 'H', multiple: true, default: [] },
      data: { type: 'string', short: 'd', default: '' },
    },
  });
  const headers = values.header.map((header) => header.split(': ', 2) as [string, string]);
  return { url: positionals[0] ?? '', method: values.request, headers, data: values.data };
}
