import assert from 'node:assert/strict';
import { test } from 'node:test';
import { canonicalJson } from '../../../src/http/body/canonical-json.ts';

test('the same value has one text, however it was written', () => {
  const cases: [written: string, canonical: string][] = [
    ['null', 'null'],
    [' true ', 'true'],
    ['"a\\u0062\\/\\n\\u20ac"', '"ab/\\n€"'],
    ['[1.0, 1e2, 0.10, -0, 1E-7, 12345678901234567890]', '[1,100,0.1,0,1e-7,12345678901234567000]'],
    ['[]', '[]'],
    ['{}', '{}'],
    ['{"b": 1, "a": [ {"d": null, "c": "x"} ]}', '{"a":[{"c":"x","d":null}],"b":1}'],
    ['{"10": 1, "9": 2, "": 3}', '{"":3,"10":1,"9":2}'],
    // By UTF-16 code units, as the RFC has it: its own example.
    [
      '{"\\u20ac":1,"\\r":2,"\\ufb33":3,"1":4,"\\ud83d\\ude00":5,"\\u0080":6,"\\u00f6":7}',
      '{"\\r":2,"1":4,"\u0080":6,"ö":7,"€":1,"😀":5,"\ufb33":3}',
    ],
    ['{"a":1,"a":2}', '{"a":2}'],
  ];

  for (const [written, canonical] of cases) {
    assert.equal(canonicalJson(JSON.parse(written)), canonical);
  }
});

test('other values have other texts', () => {
  const values = [
    null,
    'null',
    0,
    '0',
    [],
    {},
    [[]],
    [null],
    '',
    { a: 1 },
    { a: '1' },
    { a: [1] },
    [1, 2],
    [2, 1],
  ];

  const texts = new Set(values.map(canonicalJson));

  assert.equal(texts.size, values.length);
});
