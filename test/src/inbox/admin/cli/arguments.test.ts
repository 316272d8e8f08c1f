import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseCommand } from '../../../../../src/inbox/admin/cli/arguments.ts';

const filter = (given: object = {}) => ({
  consumer: undefined,
  type: undefined,
  aggregateId: undefined,
  reasonHas: undefined,
  ...given,
});

const ACCEPTED: [string[], object][] = [
  [[], { name: 'help' }],
  [['help'], { name: 'help' }],
  [['retry', '-h'], { name: 'help' }],
  [['list'], { name: 'list', selection: filter(), limit: 20 }],
  [
    ['list', '--consumer', 'payments/order-service', '--limit', '5'],
    { name: 'list', selection: filter({ consumer: 'payments/order-service' }), limit: 5 },
  ],
  [['show', 'm 1'], { name: 'show', selection: { id: 'm 1' } }],
  [['retry', 'm1'], { name: 'retry', selection: { id: 'm1' }, yes: true }],
  [['retry', '--all'], { name: 'retry', selection: filter(), yes: false }],
  [
    ['retry', '--type', 'PaymentFailed', '--order', 'o1', '--yes'],
    { name: 'retry', selection: filter({ type: 'PaymentFailed', aggregateId: 'o1' }), yes: true },
  ],
  [
    ['drop', 'm1', '--reason', ' not ours '],
    { name: 'drop', reason: 'not ours', selection: { id: 'm1' }, yes: true },
  ],
  [
    ['drop', '--reason-like', 'missing', '--reason', 'known'],
    { name: 'drop', reason: 'known', selection: filter({ reasonHas: 'missing' }), yes: false },
  ],
];

for (const [args, command] of ACCEPTED) {
  test(`understood: ${args.join(' ') || 'nothing at all'}`, () => {
    assert.deepEqual(parseCommand(args), { command, json: false });
    assert.deepEqual(parseCommand(['--json', ...args]), { command, json: true });
  });
}

const REFUSED: [string[], RegExp][] = [
  [['lst'], /no command lst/],
  [['constructor'], /no command constructor/],
  [['list', 'm1'], /list takes no ID/],
  [['list', '--all'], /list does not take --all/],
  [['list', '--limit', '0'], /--limit must be/],
  [['show'], /show takes an ID/],
  [['show', 'm1', 'm2'], /show takes one ID, not 2/],
  [['show', 'm1', '--yes'], /show does not take --yes/],
  [['retry'], /retry takes an ID or a selection/],
  [['retry', '--yes'], /retry takes an ID or a selection/],
  [['retry', 'm1', '--all'], /either an ID or a selection/],
  [['retry', 'm1', '--yes'], /one ID needs none/],
  [['retry', '--all', '--type', 'T'], /leave out --type/],
  [['retry', '--order', ''], /--order needs a text/],
  [['retry', '--all', '--reason', 'x'], /retry does not take --reason/],
  [['drop', 'm1'], /drop needs --reason/],
  [['drop', '--all', '--reason', ' '], /drop needs --reason/],
  [['list', '--what'], /--what/],
];

for (const [args, message] of REFUSED) {
  test(`refused: ${args.join(' ')}`, () => {
    assert.throws(() => parseCommand(args), { code: 'USAGE_INVALID', message });
  });
}
