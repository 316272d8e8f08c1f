import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';

// What README.md and ARCHITECTURE.md say, against what there is. What the README shows of the demo is held by
// test/system/demo.system.test.ts, its curl by test/api-guide.system.test.ts.

const MOST_LINES = { 'README.md': 130, 'docs/performance.md': 70 };

for (const [path, most] of Object.entries(MOST_LINES)) {
  test(`${path} is a page`, () => {
    const lines = readFileSync(path, 'utf8').trimEnd().split('\n');

    assert.ok(lines.length <= most, `${lines.length} lines`);
  });
}

test('the versions are those of package.json', () => {
  const [, node] = /Node (\d+\.\d+) or later/.exec(readFileSync('README.md', 'utf8')) ?? [];

  assert.equal(JSON.parse(readFileSync('package.json', 'utf8')).engines.node, `>=${node}`);
});

test('every folder of the code is on the map, and every folder on the map exists', () => {
  const [, map = ''] = /^```\n(src\/[\s\S]*?)^```/m.exec(readFileSync('ARCHITECTURE.md', 'utf8')) ?? [];
  const folders = foldersOn(map);

  assert.deepEqual(
    folders.filter((folder) => !existsSync(folder)),
    [],
  );
  const roots = foldersIn('.').filter((folder) => folder !== 'node_modules/');
  const rooms = ['src/', 'relay/'].flatMap((root) => foldersIn(root));
  assert.deepEqual(
    [...roots, ...rooms].filter((folder) => !folders.includes(folder)),
    [],
  );
});

function foldersIn(root: string): string[] {
  return readdirSync(root, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && /^\w/.test(entry.name))
    .map(({ name }) => `${root === '.' ? '' : root}${name}/`);
}

/** The paths of a folder map in which two spaces of indent mean one folder down. */
function foldersOn(map: string): string[] {
  const above: string[] = [];
  return map.split('\n').flatMap((line) => {
    const [, indent = '', name] = /^( *)(\S+\/) /.exec(line) ?? [];
    if (!name) return [];
    above.length = indent.length / 2;
    above.push(name);
    return [above.join('')];
  });
}
