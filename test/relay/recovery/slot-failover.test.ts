import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type SlotFailover, wantsFailover } from '../../../relay/recovery/slot-failover.ts';

const CASES: [setting: SlotFailover, serverKnows: boolean, wanted: boolean][] = [
  ['auto', true, true],
  ['auto', false, false],
  ['on', true, true],
  ['off', true, false],
  ['off', false, false],
];

for (const [setting, serverKnows, wanted] of CASES) {
  test(`RELAY_SLOT_FAILOVER=${setting} on a server that ${serverKnows ? 'knows' : 'does not know'} it: ${wanted}`, () => {
    assert.equal(wantsFailover(setting, serverKnows), wanted);
  });
}

test('to ask for it where the server does not have it is refused, with what to do', () => {
  assert.throws(() => wantsFailover('on', false), {
    code: 'SLOT_UNUSABLE',
    message: /from 17 on: set it to auto/,
  });
});
