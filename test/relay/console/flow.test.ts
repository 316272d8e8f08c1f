import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type FlowFacts, flowOf, noticesOf } from '../../../relay/console/flow.ts';
import { runbookSection } from '../../../relay/console/runbook.ts';
import { BLOCKERS } from '../../../relay/monitoring/relay-states.ts';

const NOW = new Date();
const WELL: FlowFacts = {
  state: 'streaming',
  ready: true,
  step: undefined,
  blockedBy: undefined,
  lastError: undefined,
  failedSends: 0,
  lockedRows: 0,
  lag: {
    databaseError: null,
    oldestUnsettled: null,
    parkedEvents: null,
    retainedBytes: 1_000,
    walStatus: 'reserved',
  },
  walLimitBytes: 1_000_000,
  perSecond: 12,
  lastPublishedAt: NOW,
  brokerName: 'Service Bus',
  entity: 'orders',
  away: [],
};
const lag = (changed: Partial<FlowFacts['lag']>) => ({ lag: { ...WELL.lag, ...changed } });
const failure = (message: string, code?: string) => ({
  lastError: { message, isOver: false, ...(code && { code }) },
});

/** What is the matter; the levels of api, PostgreSQL, relay and broker; the sections of the runbook, the worst first. */
const CASES: [string, Partial<FlowFacts>, string, string[]][] = [
  ['all is well', {}, 'good good good good', []],
  ['nothing happens', { perSecond: 0, lastPublishedAt: undefined }, 'idle good good idle', []],
  ['it stands by', { state: 'standby' }, 'idle good idle good', []],
  ['it opens the stream', { state: 'connecting', ready: false }, 'idle good warn good', []],
  [
    'the broker is away',
    { state: 'broker-away', ready: false, failedSends: 3 },
    'good good warn bad',
    ['Service Bus is away'],
  ],
  [
    'the broker is away for long',
    { state: 'broker-away', ready: false, blockedBy: 'broker' },
    'good good warn bad',
    ['Service Bus is away'],
  ],
  [
    'PostgreSQL is away',
    { state: 'waiting', ready: false, ...lag({ databaseError: 'ECONNREFUSED' }) },
    'idle bad bad good',
    ['PostgreSQL is away'],
  ],
  [
    'a setting is refused',
    { state: 'waiting', ready: false, ...failure('set wal_level') },
    'idle good bad good',
    ['The relay waits'],
  ],
  [
    'the publication is wrong',
    { state: 'waiting', ready: false, ...failure('has a row filter', 'PUBLICATION_UNUSABLE') },
    'idle good bad good',
    ['The publication cannot be used'],
  ],
  [
    'the database was set back',
    { state: 'set-back', ready: false },
    'idle bad bad good',
    ['A database that was set back'],
  ],
  [
    'the oldest event is locked',
    { ready: false, blockedBy: 'locked-row', lockedRows: 1 },
    'good good bad good',
    ['The oldest event does not move'],
  ],
  [
    'a row is locked, all others go',
    { lockedRows: 1 },
    'good good good good',
    ['The oldest event does not move'],
  ],
  [
    'a message is parked',
    lag({ parkedEvents: { parked: 1, waiting: 2, oldestParkedAt: NOW, parkedByEntity: {} } }),
    'good good good good',
    ['A message is parked'],
  ],
  ['much WAL is kept', lag({ retainedBytes: 600_000 }), 'good warn good good', ['The slot is in danger']],
  ['the slot is lost', lag({ walStatus: 'lost' }), 'good warn good good', ['The slot is in danger']],
  [
    'two things at once',
    {
      state: 'broker-away',
      ready: false,
      ...lag({ parkedEvents: { parked: 1, waiting: 0, oldestParkedAt: NOW, parkedByEntity: {} } }),
    },
    'good good warn bad',
    ['Service Bus is away', 'A message is parked'],
  ],
];

for (const [what, changed, levels, sections] of CASES) {
  test(`the picture when ${what}`, () => {
    const facts = { ...WELL, ...changed };

    assert.equal(
      flowOf(facts)
        .map(({ level }) => level)
        .join(' '),
      levels,
    );
    assert.deepEqual(
      noticesOf(facts).map(({ section }) => section),
      sections,
    );
  });
}

test('every section that the picture names is in the runbook', () => {
  const named = new Set(CASES.flatMap(([, , , sections]) => sections));

  assert.ok(named.size > 6);
  for (const section of named) assert.ok(runbookSection(section)?.includes('**What to do**'), section);
  assert.equal(runbookSection('Nothing of the kind'), undefined);
});

test('what is told says how many, why, and by what', () => {
  const parked = noticesOf({
    ...WELL,
    ...lag({ parkedEvents: { parked: 2, waiting: 1, oldestParkedAt: NOW, parkedByEntity: {} } }),
  });
  const away = noticesOf({ ...WELL, state: 'broker-away', ready: false, ...failure('connect ECONNREFUSED') });
  const blocked = noticesOf({ ...WELL, ready: false, blockedBy: 'stream' });

  assert.equal(parked[0]?.text, '2 messages are parked, and 1 waits behind');
  assert.equal(away[0]?.text, 'Service Bus takes nothing: connect ECONNREFUSED');
  assert.equal(blocked[0]?.text, `The oldest event does not move: ${BLOCKERS.stream}`);
});
