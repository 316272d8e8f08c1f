import type { SourcePatch } from './source-patch.ts';

/** A minute of OUTBOX_RETENTION in a run: rows are to come and go many times within it. */
export const RETENTION_MINUTE_MS = 5_000;

export const shortRetention: readonly SourcePatch[] = [
  {
    file: 'relay/retention/retention.ts',
    find: 'const MINUTE_MS = 60_000;',
    replace: `const MINUTE_MS = ${RETENTION_MINUTE_MS};`,
  },
  {
    file: 'src/core/retention-period.ts',
    find: 'const UNIT_MS = { m: 60_000,',
    replace: `const UNIT_MS = { m: ${RETENTION_MINUTE_MS},`,
  },
];
