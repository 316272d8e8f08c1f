import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseCommand } from '../../../../relay/admin/cli/arguments.ts';

const ID = '01a2061d-4c17-70c2-86cf-054c0e53a32b';
const FROM = '2026-11-23T14:00:00Z';
const TO = '2026-11-23T15:00:00+01:00';

const selection = (given: object) => ({
  messageType: undefined,
  aggregateId: undefined,
  reasonHas: undefined,
  ...given,
});

const ACCEPTED: [string[], object][] = [
  [[], { name: 'help' }],
  [['help'], { name: 'help' }],
  [['--help'], { name: 'help' }],
  [['drop', '-h'], { name: 'help' }],
  [['list'], { name: 'list', limit: 20 }],
  [['list', '--limit', '5'], { name: 'list', limit: 5 }],
  [['show', ID], { name: 'show', messageId: ID }],
  [['retry', ID.toUpperCase()], { name: 'retry', messageId: ID }],
  [['drop', ID, '--reason', ' sent by hand '], { name: 'drop', messageId: ID, reason: 'sent by hand' }],
  [['replay', '--from', FROM, '--to', TO], { name: 'replay', range: { from: FROM, to: TO }, dryRun: false }],
  [
    ['replay', '--dry-run', '--from', '2028-02-29T00:00Z', '--to', '2028-02-29T00:00:00.000001Z'],
    { name: 'replay', range: { from: '2028-02-29T00:00Z', to: '2028-02-29T00:00:00.000001Z' }, dryRun: true },
  ],
  [['confirm'], { name: 'confirm' }],
  [['status'], { name: 'status' }],
  [['guard', '--max-wal', '20GB'], { name: 'guard', maxBytes: 20 * 1024 ** 3 }],
  [['retry', '--all'], { name: 'retry-parked', selection: selection({}), yes: false }],
  [
    ['retry', '--type', 'OrderCreated', '--reason-like', 'size', '--yes'],
    {
      name: 'retry-parked',
      selection: selection({ messageType: 'OrderCreated', reasonHas: 'size' }),
      yes: true,
    },
  ],
  [
    ['drop', '--order', 'o1', '--reason', 'known', '--yes'],
    { name: 'drop-parked', selection: selection({ aggregateId: 'o1' }), reason: 'known', yes: true },
  ],
  [['init'], { name: 'init', role: undefined, apply: false }],
  [['init', '--role', 'relay', '--apply'], { name: 'init', role: 'relay', apply: true }],
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
  [['list', 'all'], /list takes no further word/],
  [['list', '--limit', '0'], /--limit/],
  [['list', '--reason', 'x'], /list does not take --reason/],
  [['list', '--what'], /--what/],
  [['guard'], /guard needs --max-wal SIZE/],
  [['guard', '--max-wal', '20'], /guard needs --max-wal SIZE/],
  [['guard', '--max-wal', '0GB'], /guard needs --max-wal SIZE/],
  [['show'], /show takes ID/],
  [['confirm', ID], /confirm takes no further word/],
  [['show', ID, ID], /show takes ID/],
  [['init', '--role', ''], /--role needs the name of a role/],
  [['list', '--apply'], /list does not take --apply/],
  [['retry'], /retry takes ID/],
  [['retry', ID, '--all'], /retry takes either an ID or a selection/],
  [['retry', ID, '--yes'], /--yes is for retry with a selection/],
  [['retry', '--all', '--type', 'A'], /--all is everything that is parked: leave out --type/],
  [['retry', '--type', ''], /--type needs a text/],
  [['drop', '--all'], /drop needs --reason TEXT/],
  [['list', '--all'], /list does not take --all/],
  [['retry', '42'], /42 is no message id/],
  [['drop', ID], /drop needs --reason TEXT/],
  [['drop', ID, '--reason', ' '], /drop needs --reason TEXT/],
  [['replay', '--from', FROM], /needs --from TIME and --to TIME/],
  [['replay', '--from', TO, '--to', '2026-11-23T13:59:59Z'], /is after/],
  [['replay', '--from', 'yesterday', '--to', TO], /--from yesterday must be a time/],
  [['replay', '--from', FROM, '--to', '2026-11-23T15:00:00'], /--to .* must be a time with its zone/],
  [['replay', '--from', '2026-11-23', '--to', TO], /--from 2026-11-23 must be a time/],
  [['replay', '--from', '2026-02-30T00:00:00Z', '--to', TO], /--from 2026-02-30/],
  [['replay', '--from', '2026-11-23T25:00:00Z', '--to', TO], /--from 2026-11-23T25/],
];

for (const [args, message] of REFUSED) {
  test(`refused: ${args.join(' ')}`, () => {
    assert.throws(() => parseCommand(args), { code: 'USAGE_INVALID', message });
  });
}
