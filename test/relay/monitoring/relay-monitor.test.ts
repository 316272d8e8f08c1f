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
