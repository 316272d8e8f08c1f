import { spawnSync } from 'node:child_process';

/** Prometheus' own checks, where Debian's package `prometheus` is installed. */
export const promtool = {
  /** Why a test of it is skipped; false where it is there. */
  skip: spawnSync('promtool', ['--version']).status !== 0 && 'promtool is not installed',
  /** Runs it; what it says, empty when it finds nothing. */
  run(args: readonly string[], input = ''): string {
    const { status, stdout, stderr } = spawnSync('promtool', args, { input, encoding: 'utf8' });
    return status === 0 ? '' : `${stdout}${stderr}` || `it ended with ${status}`;
  },
};
