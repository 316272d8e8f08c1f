import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConsumerFigures } from '../../../../src/inbox/monitoring/consumer-figures.ts';
import {
  FORGOTTEN_AFTER_MS,
  findBlocker,
  RELEASES_IN_A_ROW,
  STALLED_AFTER_MS,
} from '../../../../src/inbox/monitoring/find-blocker.ts';
import type { Settlement } from '../../../../src/inbox/settlement.ts';
import { receivedMessage } from '../../../support/received-message.ts';

const COMPLETE: Settlement = { kind: 'complete' };
const RELEASE: Settlement = { kind: 'release', afterMs: 1_000 };

/** Figures of a consumer whose messages had these settlements. */
function figuresOf(...settlements: readonly Settlement[]): ConsumerFigures {
  const figures = new ConsumerFigures(['other']);
  for (const settlement of settlements) {
    const message = receivedMessage();
    figures.begun(message);
    figures.ended(message, settlement);
  }
  return figures;
}

const blockerIn = (ms: number, ...consumers: [string, ConsumerFigures][]) =>
  findBlocker(consumers, undefined, Date.now() + ms);

test('nothing is blocked while nothing comes, and while what comes is handled', () => {
  assert.equal(blockerIn(0, ['a', figuresOf()]), undefined);
  assert.equal(blockerIn(10 * STALLED_AFTER_MS, ['a', figuresOf(COMPLETE, RELEASE, COMPLETE)]), undefined);
});

test('a message that is in hand for long is what blocks, the oldest one, and not once it is settled', () => {
  const figures = figuresOf();
  const [old, young] = [receivedMessage({ messageId: 'old' }), receivedMessage({ messageId: 'young' })];
  figures.begun(old);
  figures.begun(young);

  assert.equal(blockerIn(STALLED_AFTER_MS - 1_000, ['a', figures]), undefined);
  const blocked = blockerIn(STALLED_AFTER_MS, ['a', figures]);
  assert.deepEqual([blocked?.by, blocked?.consumer, blocked?.messageId], ['in-hand', 'a', 'old']);
  figures.ended(old, COMPLETE);
  assert.equal(blockerIn(STALLED_AFTER_MS, ['a', figures])?.messageId, 'young');
  figures.ended(young, COMPLETE);
  assert.equal(blockerIn(STALLED_AFTER_MS, ['a', figures]), undefined);
});

test('releasing again and again blocks, until a message gets through or comes no more', () => {
  const often = Array.from({ length: RELEASES_IN_A_ROW }, () => RELEASE);

  assert.equal(blockerIn(0, ['a', figuresOf(...often.slice(1))]), undefined);
  assert.equal(blockerIn(0, ['a', figuresOf(...often)])?.by, 'released');
  assert.equal(blockerIn(0, ['a', figuresOf(...often, COMPLETE)]), undefined);
  assert.equal(blockerIn(FORGOTTEN_AFTER_MS, ['a', figuresOf(...often)]), undefined);
});

test('the cause is told before what follows from it', () => {
  const released = figuresOf(RELEASE, RELEASE, RELEASE);
  const away = figuresOf();
  away.awaySince = new Date();

  assert.equal(blockerIn(0, ['a', released], ['b', away])?.consumer, 'b');
  const since = new Date();
  assert.deepEqual(findBlocker([['b', away]], since, Date.now()), { by: 'database', since });
});
