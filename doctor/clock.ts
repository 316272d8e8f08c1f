import { type Judgement, right, risky } from './finding.ts';

const CLOCK_MS = 5_000;

/** `aheadMs`: how far a server's clock is ahead of that of this machine. */
export function judgeClock(aheadMs: number): Judgement {
  const seconds = Math.round(Math.abs(aheadMs) / 1_000);
  if (Math.abs(aheadMs) <= CLOCK_MS) return right('the same as that of this machine');
  return risky(
    `${seconds} s ${aheadMs > 0 ? 'ahead of' : 'behind'} this machine: tokens, ages and retention go by clocks`,
    'timedatectl timesync-status',
  );
}
