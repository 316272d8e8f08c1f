import assert from 'node:assert/strict';
import { test } from 'node:test';
import { jsonFault } from '../../../src/http/body/json-fault.ts';
import { SeededRandom } from '../../relay/session/simulation/seeded-random.ts';
import { tutorialOrder } from '../../support/orders.ts';

test('the place of a fault is where the text stops being JSON', () => {
  // The fault is at the mark; without one there is none. In a number or an escape it has begun, V8 reads on.
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
    '{"a":1.▲}',
    '{"a":▲.5}',
    '{"a":-▲}',
    '{"a":true▲x}',
    '{"a":"b▲\nc"}',
    '{"a":"b▲',
    '{"a":"b\\▲x41"}',
    '{"a":"b\\u12▲"}',
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
    assert.equal(jsonFault(json)?.at, at === -1 ? undefined : at, marked.slice(0, 80));
  }
});

test('a text that quotes what V8 says is not taken for it', () => {
  assert.equal(jsonFault('[at JSON at position 9')?.at, 1);
  assert.equal(jsonFault('at JSON at position 9 (line 1 column 10)')?.at, 0);
});

test('what it calls JSON is what JSON.parse takes, and what stands before the place could be the beginning of it', () => {
  const random = new SeededRandom(1);
  const order = JSON.stringify(tutorialOrder());
  let refused = 0;
  let searched = 0;

  for (let round = 0; round < 20_000; round++) {
    const at = random.below(order.length);
    const json =
      order.slice(0, at) +
      (random.chance(0.3) ? '' : random.pick('{}[]",:\\01.eE+-tn \n\u0001u'.split(''))) +
      order.slice(at + 1);
    const message = parseFault(json);
    const fault = jsonFault(json);
    assert.equal(fault === undefined, message === undefined, json);
    if (fault?.at === undefined) continue;
    refused++;
    assert.ok(fault.at >= at, `${message}: ${json}`);
    if (!message?.startsWith('Unexpected token')) continue;
    searched++;
    assert.match(parseFault(json.slice(0, fault.at)) ?? '', /^(Unexpected end|No number)/, json);
    assert.match(parseFault(json.slice(0, fault.at + 1)) ?? '', /^Unexpected token/, json);
  }
  assert.ok(refused > 5_000 && searched > 500, `${refused} refused, ${searched} without a place of V8's`);
});

test('a text of the largest size is looked through in no time', () => {
  const cut = [
    `"${'x'.repeat(262_000)}`,
    `"${'\\n'.repeat(131_000)}`,
    '['.repeat(262_000),
    '[0,'.repeat(87_000),
  ];
  const searched = `${'[0,'.repeat(21_845)}x`;
  const notSearched = `${'[0,'.repeat(87_000)}x`;

  for (const [json, place] of [
    ...cut.map((json) => [json, json.length] as const),
    [searched, searched.length - 1] as const,
    [notSearched, undefined] as const,
  ]) {
    const started = performance.now();
    assert.deepEqual(jsonFault(json), { at: place });
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
