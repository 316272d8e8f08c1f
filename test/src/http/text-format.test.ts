import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Ajv } from 'ajv';
import { TEXT_FORMATS } from '../../../src/http/text-format.ts';
import { CustomerId } from '../../../src/messages/order-fields.ts';

const isTaken = new Ajv({ formats: { ...TEXT_FORMATS } }).compile(CustomerId);

const CASES: [text: string, isTaken: boolean][] = [
  ['cust-123', true],
  ['Zoë 𝄞 日本', true],
  ['👩\u200d👩\u200d👧', true], // a family, joined by what is not shown itself
  [' a ', true],
  ['', false],
  [' \u3000\u00a0', false],
  ['\u200b', false], // zero width space
  ['\u200d\u2060\ufeff', false],
  ['\u00ad', false], // soft hyphen
  ['\u202e', false], // right-to-left override
  ['\u3164', false], // Hangul filler
  ['\ufe0f', false], // variation selector
  ['\u{e0041}', false], // a tag
  [' \u200b \u2029', false],
  ['a\u0000', false],
  ['a\u0085', false],
  ['a\n', false],
  ['a\ud83d', false],
];

for (const [text, wanted] of CASES) {
  test(`${JSON.stringify(text)} is ${wanted ? 'taken' : 'refused'}`, () =>
    assert.equal(isTaken(text), wanted));
}

test('the pattern means the same without the flag u, as tools of others read it', () => {
  const [plain, unicode] = [new RegExp(CustomerId.pattern ?? ''), new RegExp(CustomerId.pattern ?? '', 'u')];

  for (let code = 0; code < 0x3000; code++) {
    const text = `a${String.fromCharCode(code)}`;
    assert.equal(plain.test(text), unicode.test(text), text);
    assert.equal(plain.test(text), !/\p{Cc}/u.test(text), JSON.stringify(text));
  }
  assert.ok(plain.test('𝄞'));
});
