import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatLsn, maxLsn, parseLsn } from '../../relay/lsn.ts';

const POSITIONS: [string, bigint][] = [
  ['0/0', 0n],
  ['0/1', 1n],
  ['0/FFFFFFFF', 0xffffffffn],
  ['1/0', 0x100000000n],
  ['16/B374D848', 0x16b374d848n],
  ['FFFFFFFF/FFFFFFFF', 0xffffffffffffffffn],
];

for (const [text, lsn] of POSITIONS) {
  test(`${text} is read and written as PostgreSQL prints it`, () => {
    assert.equal(parseLsn(text), lsn);
    assert.equal(formatLsn(lsn), text);
  });
}

test('lower-case digits and leading zeros are read too', () => {
  assert.equal(parseLsn('0016/b374d848'), 0x16b374d848n);
});

test('positions compare as numbers, where their texts would not', () => {
  const nine = parseLsn('9/0');
  const sixteen = parseLsn('10/0');

  assert.equal(maxLsn(nine, sixteen), sixteen);
  assert.equal(maxLsn(sixteen, nine), sixteen);
});

for (const text of ['', '/', '1', '1/', '/1', '1/2/3', 'x/1', '1/-2']) {
  test(`"${text}" is not taken for a position`, () => {
    assert.throws(() => parseLsn(text));
  });
}
