import assert from 'node:assert/strict';
import { test } from 'node:test';
import { jsonFaultAt } from '../../../src/http/body/json-syntax.ts';
import { SeededRandom } from '../../relay/session/simulation/seeded-random.ts';
import { tutorialOrder } from '../../support/orders.ts';

test('the place of a fault is where the text stops being JSON', () => {
  // The fault is at the mark; without one there is none.
  const cases = [
    '{"a":[1,-0.5e+3,"x\\u00e9\\n",true,false,null,{},[]]} ',
    '"\u007f\u0085\ud83d"',
    '▲',
    '  ▲',
    '▲customerId=1',
    '{"a":1▲',
    '{"a":1}▲{"a":1}',
    '{"a":1,▲}',
    '[1,▲]',
    '[▲,1]',
    '{▲a:1}',
    "{▲'a':1}",
    '{"a"▲,1}',
    '{"a":▲NaN}',
    '{"a":0▲19.99}',
    '{"a":▲+1}',
    '{"a":0▲x13}',
    '{"a":1▲.}',
    '{"a":▲.5}',
    '{"a":▲-}',
    '{"a":true▲x}',
    '{"a":"b▲\nc"}',
    '{"a":"b▲',
    '{"a":"b▲\\x41"}',
    '{"a":"b▲\\u12"}',
    '{"a▲',
    '[1▲}',
    '{"a":1▲]',
    '▲]',
    '▲/* c */{}',
    '1▲ 2'.replace('▲ ', ' ▲'),
    `${'['.repeat(10_000)}▲`,
  ];

  for (const marked of cases) {
    const at = marked.indexOf('▲');
    const json = marked.replace('▲', '');
    assert.equal(jsonFaultAt(json), at === -1 ? undefined : at, marked.slice(0, 80));
  }
});

test('what it calls JSON is what JSON.parse takes, and they agree on the place wherever that one names it', () => {
  const random = new SeededRandom(1);
  const order = JSON.stringify(tutorialOrder());
  let refused = 0;
  let placed = 0;

  for (let round = 0; round < 20_000; round++) {
    const at = random.below(order.length);
    const json =
      order.slice(0, at) +
      (random.chance(0.3) ? '' : random.pick('{}[]",:\\01.eE+-tn \n\u0001u'.split(''))) +
      order.slice(at + 1);
    const message = parseFault(json);
    const fault = jsonFaultAt(json);
    assert.equal(fault === undefined, message === undefined, json);
    const [, named] = /at position (\d+)/.exec(message ?? '') ?? [];
    if (fault !== undefined) refused++;
    if (fault === undefined || named === undefined) continue;
    placed++;
    // V8 reads on in a word, a number or an escape that it has begun.
    assert.match(json.slice(fault, Number(named)), /^(\\?\w*|-|\.|[eE][+-]?)$/, `${message}: ${json}`);
    assert.ok(fault <= Number(named));
  }
  assert.ok(refused > 5_000 && placed > 1_000, `${refused} refused, ${placed} with a place`);
});

test('a text of the largest size is looked through in no time', () => {
  const large = [
    `"${'x'.repeat(262_000)}`,
    `"${'\\n'.repeat(131_000)}`,
    '['.repeat(262_000),
    '[0,'.repeat(87_000),
  ];

  for (const json of large) {
    const started = performance.now();
    assert.equal(jsonFaultAt(json), json.length);
    assert.ok(performance.now() - started < 500);
  }
});

function parseFault(json: string): string | undefined {
  try {
    JSON.parse(json);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}
