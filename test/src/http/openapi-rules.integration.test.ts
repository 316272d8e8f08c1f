import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { createConfig, lintFromString } from '@redocly/openapi-core';
import { type RulesetDefinition, Spectral } from '@stoplight/spectral-core';
import { oas } from '@stoplight/spectral-rulesets';
import { openApp } from '../../support/app.ts';
import { nodesOf } from '../../support/json-nodes.ts';

// The OpenAPI document before what other people's tools ask of one.

test("Spectral's rules for OpenAPI have nothing to say", async (t) => {
  const spectral = new Spectral();
  spectral.setRuleset({ extends: [oas as RulesetDefinition] });

  const told = await spectral.run(await openApiDocument(t));

  assert.deepEqual(
    told.map(({ code, path, message }) => `${code} ${path.join('.')}: ${message}`),
    [],
  );
});

test("Redocly's recommended rules have nothing to say", async (t) => {
  const config = await createConfig({ extends: ['recommended'] });

  const told = await lintFromString({ source: JSON.stringify(await openApiDocument(t)), config });

  assert.deepEqual(
    told.map(({ ruleId, location, message }) => `${ruleId} ${location[0]?.pointer}: ${message}`),
    [],
  );
});

test('both find what is wrong with a document', async (t) => {
  const document = { ...(await openApiDocument(t)), servers: undefined };
  const spectral = new Spectral();
  spectral.setRuleset({ extends: [oas as RulesetDefinition] });
  const config = await createConfig({ extends: ['recommended'] });

  const source = JSON.stringify(document);
  assert.ok((await spectral.run(JSON.parse(source))).some(({ code }) => code === 'oas3-api-servers'));
  assert.ok((await lintFromString({ source, config })).some(({ ruleId }) => ruleId === 'no-empty-servers'));
});

test('every object and every enum has a name, and is described in one place', async (t) => {
  const document = await openApiDocument(t);
  const { schemas } = document['components'] as { schemas: Record<string, object> };

  for (const name of NAMES) assert.ok(name in schemas, name);
  const nameless = nodesOf(document).filter(
    ({ node, path }) =>
      node['type'] !== undefined &&
      ('properties' in node || (Array.isArray(node['enum']) && node['enum'].length > 1)) &&
      !/^components\/schemas\/\w+$/.test(path) &&
      !/\/(headers|parameters)\//.test(path), // a header has no type of its own in a client
  );
  assert.deepEqual(
    nameless.map(({ path }) => path),
    [],
  );
});

const NAMES = [
  'Order',
  'OrderPage',
  'CreateOrder',
  'CancelOrder',
  'OrderStatus',
  'OrderEvents',
  'Problem',
  'Address',
];

/** What ECMAScript knows only with the flag `u` or `v`, what Python does not know, and what the two read differently. */
const NOT_PLAIN = /\\[pPk]|\(\?<|\\u\{|\\c[A-Za-z]|\\[AZz]|\[\^?\]|\(\?[a-z]/;

test('every pattern is read by ECMAScript without flags and by Python, and fits its examples there', async (t) => {
  const strings = nodesOf(await openApiDocument(t))
    .filter(({ node }) => typeof node['pattern'] === 'string')
    .map(({ node, path }) => ({
      path,
      pattern: String(node['pattern']),
      examples: (node['examples'] ?? []) as string[],
    }));

  assert.ok(strings.length > 3);
  for (const { path, pattern, examples } of strings) {
    assert.doesNotMatch(pattern, NOT_PLAIN, path);
    for (const example of examples) assert.match(example, new RegExp(pattern), path);
  }
  const python = spawnSync('python3', ['-c', PYTHON], { input: JSON.stringify(strings), encoding: 'utf8' });
  if ((python.error as NodeJS.ErrnoException | undefined)?.code === 'ENOENT') {
    t.diagnostic('There is no python3 here: only the syntax was looked at');
    return;
  }
  assert.equal(python.status, 0, python.stderr);
});

const PYTHON = `
import json, re, sys
for string in json.load(sys.stdin):
    for example in string["examples"]:
        assert re.search(string["pattern"], example), string
    re.compile(string["pattern"])
`;

test('a pattern that only some tools read is found', () => {
  for (const pattern of ['^[^\\p{Cc}]*$', '(?<=a)b', '(?<name>a)', '\\u{1f600}', '\\Aa\\Z', '(?i)a'])
    assert.match(pattern, NOT_PLAIN);
  for (const pattern of ['^[0-9a-f]{32}$', '^(?!\\s+$)[^\\u0000-\\u001f]*$', '^(?:a|b)$'])
    assert.doesNotMatch(pattern, NOT_PLAIN);
});

async function openApiDocument(t: Parameters<typeof openApp>[0]): Promise<Record<string, unknown>> {
  const { request } = await openApp(t);
  return (await request({ url: '/openapi.json' })).json();
}
