import { answerRequests } from '../support/worker.ts';

// Takes CPU every millisecond, as a relay does that gets an event in each, and has to do with nothing else that runs.

export interface BurnRequest {
  /** Microseconds of CPU a millisecond. */
  readonly usPerMs: number;
}

answerRequests(async ({ usPerMs }: BurnRequest) => {
  const startedAt = performance.now();
  const before = process.cpuUsage();
  const burn = () => {
    const due = (performance.now() - startedAt) * usPerMs;
    for (let used = 0; used < due; ) {
      const { user, system } = process.cpuUsage(before);
      used = user + system;
    }
  };
  setInterval(burn, 1);
});
