import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { test } from 'node:test';

// One meaning a word, one word a thing: ARCHITECTURE.md begins with the words, and what is exported keeps to them.

/** Words that meant several things, or a thing that has another word; and what to say instead. */
const GIVEN_UP: readonly [word: RegExp, instead: string][] = [
  [/held/i, 'parked: an order behind a parked message; busy: an order with a batch in flight'],
  [/effect/i, 'action: what the state decides and the runner carries out'],
  [/outcome(?!Unknown)/i, 'decision: what a receptor returns; marked: what came of a mark'],
  [/(?<![a-z])stay|Stay(?!s)/, 'session'],
  [/settle(Reason|Anew|Requested)|settlementsFor/i, 'recovery: from the table, beside the slot'],
  [/OutboxRow/, 'MessageRow: a row of the table or of the WAL; WalRow: one of the WAL'],
  [/^stateOf$/, 'messageState, eventState'],
];

test('the glossary is short, and every word of it is in use', () => {
  const text = readFileSync('ARCHITECTURE.md', 'utf8');
  const section = text.slice(text.indexOf('## Words'), text.indexOf('\n## ', text.indexOf('## Words') + 1));
  const words = [...section.matchAll(/^\| \*\*([a-z ]+)\*\* \|/gm)].map(([, word = '']) => word);
  const code = globSync('{src,relay}/**/*.ts')
    .map((path) => readFileSync(path, 'utf8'))
    .join('\n');

  assert.ok(words.length > 5 && words.length <= 15, `${words.length} words`);
  assert.deepEqual(
    words.filter((word) => !new RegExp(`\\b${word}`, 'i').test(code)),
    [],
  );
});

test('no exported name has a word that was given up', () => {
  const names = globSync('{src,relay,doctor,dev}/**/*.ts').flatMap((path) =>
    exportedNames(readFileSync(path, 'utf8')).map((name) => `${path}: ${name}`),
  );

  assert.ok(names.length > 200, `${names.length} names`);
  assert.deepEqual(names.flatMap(complaints), []);
});

test('a name with such a word is found', () => {
  const text =
    'export class HeldOrders {}\nexport const settleReason = 1;\nexport type { OutboxRow } from "./row.ts";';

  assert.equal(exportedNames(text).flatMap(complaints).length, 3);
});

/** What a file exports, by its text. */
function exportedNames(text: string): string[] {
  const declared = /^export (?:async )?(?:function\*?|class|const|let|interface|type|enum) (\w+)/gm;
  const listed = /^export (?:type )?\{([^}]*)\}/gm;
  return [
    ...[...text.matchAll(declared)].map(([, name = '']) => name),
    ...[...text.matchAll(listed)].flatMap(([, list = '']) => list.split(',').map((name) => name.trim())),
  ].filter((name) => name !== '');
}

function complaints(place: string): string[] {
  const name = place.split(': ').at(-1) ?? '';
  return GIVEN_UP.filter(([word]) => word.test(name)).map(([, instead]) => `${place}; say ${instead}`);
}
