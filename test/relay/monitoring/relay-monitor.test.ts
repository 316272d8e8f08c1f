import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RelayMonitor } from '../../../relay/monitoring/relay-monitor.ts';
import type { RelayPhase } from '../../../relay/monitoring/relay-states.ts';
import { NO_FIGURES } from '../../../relay/monitoring/session-figures.ts';
import { AppError } from '../../../src/core/errors.ts';

const READY: Record<RelayPhase, boolean> = {
  starting: false,
  connecting: false,
  settling: false,
  streaming: true,
  draining: false,
  standby: true,
  waiting: false,
  'broker-away': false,
  'set-back': false,
  stopped: false,
};

for (const [phase, ready] of Object.entries(READY) as [RelayPhase, boolean][]) {
  test(`a relay that is ${phase} is ${ready ? 'ready' : 'not ready'}`, () => {
    const monitor = new RelayMonitor();

    monitor.enter(phase);

    assert.equal(monitor.phase, phase);
    assert.equal(monitor.isReady, ready);
  });
}

test('a relay whose last send failed is not ready until one succeeds', () => {
  const monitor = new RelayMonitor();
  monitor.enter('streaming');

  monitor.figures = { ...NO_FIGURES, failures: 1 };
  assert.deepEqual([monitor.state, monitor.isReady], ['broker-away', false]);
  monitor.figures = NO_FIGURES;

  assert.equal(monitor.isReady, true);
});

test('a relay that cannot send what the table holds says so too', () => {
  const monitor = new RelayMonitor();
  monitor.enter('settling');

  monitor.figures = { ...NO_FIGURES, failures: 1 };

  assert.equal(monitor.state, 'broker-away');
});

test('a relay whose oldest event does not move is not ready', () => {
  const monitor = new RelayMonitor();
  monitor.enter('streaming');

  monitor.blocked = { messageId: 'id', since: new Date(), by: 'locked-row' };

  assert.deepEqual([monitor.state, monitor.isReady], ['streaming', false]);
});

test('a phase that is entered has its own beginning, and no step yet', () => {
  const monitor = new RelayMonitor();
  monitor.phaseSince = new Date(0);
  monitor.step = 'opening the stream';

  monitor.enter('streaming');

  assert.equal(monitor.step, undefined);
  assert.ok(monitor.phaseSince > new Date(0));
});

test('recoveries are counted, in all and by their reason', () => {
  const monitor = new RelayMonitor();

  monitor.recoveryBegun('slot_lost');

  assert.equal(monitor.counts.recoveries, 1);
  assert.deepEqual([monitor.recoveriesFor.slot_lost, monitor.recoveriesFor.requested], [1, 0]);
});

test('an error without a code has none, and may be told in other words; it is over once the relay is ready', () => {
  const monitor = new RelayMonitor();
  assert.equal(new RelayMonitor().lastError, undefined);

  monitor.failed(new Error('refused'), 'mend it');
  monitor.enter('streaming');

  const { at, ...error } = monitor.lastError ?? assert.fail('no error was kept');
  assert.ok(at instanceof Date);
  assert.deepEqual(error, { type: 'Error', message: 'mend it', isOver: true });
});

test('a stand-by is ready, whatever failed before', () => {
  const monitor = new RelayMonitor();
  monitor.figures = { ...NO_FIGURES, failures: 3 };

  monitor.enter('standby');

  assert.equal(monitor.isReady, true);
});

test('to enter the phase it is in already does not change since when', () => {
  const monitor = new RelayMonitor();
  monitor.enter('streaming');
  const since = monitor.phaseSince;

  monitor.enter('streaming');

  assert.equal(monitor.phaseSince, since);
});

test('the last error is kept with its code', () => {
  const monitor = new RelayMonitor();

  monitor.failed(new AppError('STREAM_LOST', 'PostgreSQL has ended the stream'));

  const { at, ...error } = monitor.lastError ?? assert.fail('no error was kept');
  assert.ok(at instanceof Date);
  assert.deepEqual(error, {
    type: 'AppError',
    message: 'PostgreSQL has ended the stream',
    code: 'STREAM_LOST',
    isOver: false,
  });
});
