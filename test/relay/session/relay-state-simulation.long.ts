import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RelayState } from '../../../relay/session/relay-state.ts';
import { firstBroken } from './simulation/first-broken.ts';

const SEEDS = Number(process.env['SIMULATION_SEEDS'] ?? 1_000_000);

test(`through crashes, restarts and refusals nothing is lost, skipped or overtaken, in ${SEEDS} histories`, () => {
  assert.equal(
    firstBroken(SEEDS, (options) => new RelayState(options)),
    undefined,
  );
});
