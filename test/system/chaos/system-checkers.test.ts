import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { blindSpans } from './blind-spans.ts';
import { checkDelays } from './delay-checker.ts';
import { checkReadiness } from './readiness-checker.ts';
import type { RelaySighting, Sighting, TableSighting } from './system-watch.ts';
import { checkTable } from './table-checker.ts';

const T = 1_000_000;
const CALM: TableSighting = { oldestId: null, oldestAgeMs: 0, rows: 10, bytes: 1_000, oldestPublishedMs: 0 };

/** One a second; `of` says what is different in the n-th. */
function sightings(
  count: number,
  of: (n: number) => Partial<TableSighting & RelaySighting> & { away?: boolean },
): Sighting[] {
  return Array.from({ length: count }, (_, n) => {
    const { name = 'relay-0', pid = 1, ready = true, away, ...table } = { ready: true, ...of(n) };
    return {
      at: T + n * 1_000,
      table: away ? undefined : { ...CALM, ...table },
      relays: [{ name, pid, ready }],
    };
  });
}

const kindsOf = (violations: readonly { kind: string }[]) => violations.map(({ kind }) => kind);

describe('ready means that the oldest event moves', () => {
  test('a relay that is ready while the same event is the oldest for long is wrong, and told once', () => {
    const stuck = checkReadiness(sightings(60, () => ({ oldestId: 'm1', oldestAgeMs: 20_000 })));

    assert.deepEqual(kindsOf(stuck), ['ready while stuck']);
    assert.equal(stuck[0]?.id, 'm1');
  });

  for (const [why, of] of Object.entries<Parameters<typeof sightings>[1]>({
    'the oldest event is another one each second': (n) => ({ oldestId: `m${n}`, oldestAgeMs: 20_000 }),
    'it is not ready': () => ({ oldestId: 'm1', oldestAgeMs: 20_000, ready: false }),
    'it is another process after a while': (n) => ({
      oldestId: 'm1',
      oldestAgeMs: 20_000,
      pid: n < 20 ? 1 : 2,
    }),
    'the database cannot be asked in between': (n) => ({
      oldestId: 'm1',
      oldestAgeMs: 20_000,
      away: n === 20,
    }),
  })) {
    test(`it is right when ${why}`, () => {
      assert.deepEqual(checkReadiness(sightings(40, of)), []);
    });
  }

  test('a relay that is not ready for long while everything moves is wrong', () => {
    const idle = checkReadiness(sightings(60, () => ({ ready: false })));

    assert.deepEqual(kindsOf(idle), ['not ready while moving']);
  });
});

describe('the table', () => {
  test('of which old rows go keeps its size', () => {
    const { extent, violations } = checkTable(
      sightings(100, (n) => ({ rows: 10 + n, bytes: 1_000, oldestPublishedMs: 9_000 })),
    );

    assert.deepEqual(violations, []);
    assert.deepEqual(extent, { rows: 109, bytes: 1_000, oldestPublishedMs: 9_000 });
  });

  test('may have old rows while the oldest event is stuck', () => {
    const stuck = checkTable(
      sightings(200, (n) => ({ oldestPublishedMs: n * 1_000, oldestAgeMs: n % 50 === 0 ? 6_000 : 0 })),
    );

    assert.deepEqual(stuck.violations, []);
  });

  test('grows when old rows stay, or when their room is not used again', () => {
    const late = checkTable(sightings(200, (n) => ({ oldestPublishedMs: n * 1_000 })));
    const large = checkTable(sightings(200, (n) => ({ bytes: n * 2 ** 20 })));

    assert.deepEqual(kindsOf(late.violations), ['table grows']);
    assert.deepEqual(kindsOf(large.violations), ['table grows']);
  });
});

test('the watch is blind while the database does not answer, and where it came late itself', () => {
  const all = sightings(20, (n) => ({ away: n === 3 }));
  const seen = all.filter((_, n) => n < 10 || n > 15);

  assert.deepEqual(blindSpans(all), [{ from: T + 2_000, to: T + 3_000 }]);
  assert.deepEqual(blindSpans(seen).at(-1), { from: T + 9_000, to: T + 16_000 });
});

test('an event of another order that is late is held up, unless something that concerns all was wrong', () => {
  const event = (messageId: string, aggregateId: string) => ({
    messageId,
    messageType: 'Noted',
    aggregateId,
    body: '{}',
    committedAt: T,
  });
  const arrival = (messageId: string, at: number) => ({
    messageId,
    subject: 'Noted',
    sessionId: undefined,
    body: '{}',
    at,
  });
  const evidence = {
    committed: [event('soon', 'a'), event('late', 'b'), event('refused', 'c')],
    arrivals: [arrival('soon', T + 100), arrival('late', T + 20_000), arrival('refused', T + 20_000)],
    troubled: new Set(['c']),
    disturbances: [{ from: T - 9_000, to: T - 1 }],
  };

  assert.deepEqual(
    checkDelays(evidence).map(({ id }) => id),
    ['late'],
  );
  assert.deepEqual(checkDelays({ ...evidence, disturbances: [{ from: T - 9_000, to: T }] }), []);
});
