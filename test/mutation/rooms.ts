import { globSync } from 'node:fs';
import { filesOf } from '../runner/tiers.ts';

/** Some files of the relay, and the tests that hold them, the quickest first; what one stage lets pass, the next one gets. */
export interface Room {
  readonly name: string;
  readonly files: readonly string[];
  readonly stages: readonly (readonly string[])[];
}

const SIMULATION = 'test/relay/session/relay-state-simulation.test.ts';
const SESSION_IO = /(\/|-)(session|marker|session-watch|action-runner|forgotten-watch)\.ts$/;
const PURE_RECOVERY = /\/(start-decision|database-identity|wal-limit)\.ts$/;
const PURE_REPLICATION = /\/(outbox-decoder|wal-row|pgoutput-reader|lease|coalesced-reader|slot-wal)\.ts$/;

const filesIn = (folder: string, wanted = /./) =>
  globSync(`${folder}/**/*.ts`)
    .filter((path) => wanted.test(path))
    .toSorted();
const unitTests = (...folders: string[]) =>
  folders.flatMap((folder) => filesOf(['unit'], folder)).filter((path) => path !== SIMULATION);

export const ROOMS: readonly Room[] = [
  {
    name: 'relay/session',
    files: filesIn('relay/session').filter((path) => !SESSION_IO.test(path)),
    stages: [unitTests('test/relay/session'), [SIMULATION]],
  },
  {
    name: 'relay/session-io',
    files: filesIn('relay/session', SESSION_IO),
    stages: [
      ['test/relay/session/marker.integration.test.ts', 'test/relay/one-bad-message.integration.test.ts'],
      ['test/relay/ready-means-moving.integration.test.ts', 'test/relay/parked-messages.integration.test.ts'],
      [
        'test/relay/committed-rows.integration.test.ts',
        'test/relay/message-properties.integration.test.ts',
        'test/relay/interrupted-delivery.integration.test.ts',
        'test/relay/relay-restarts.integration.test.ts',
        'test/relay/recovery/slot-and-publication.integration.test.ts',
        'test/relay/needed-tables.integration.test.ts',
        'test/relay/changed-by-hand.integration.test.ts',
      ],
    ],
  },
  { name: 'relay/failures', files: filesIn('relay/failures'), stages: [unitTests('test/relay/failures')] },
  {
    name: 'relay/recovery',
    files: filesIn('relay/recovery', PURE_RECOVERY),
    stages: [unitTests('test/relay/recovery')],
  },
  {
    name: 'relay/replication',
    files: filesIn('relay/replication', PURE_REPLICATION),
    stages: [unitTests('test/relay/replication')],
  },
  {
    name: 'relay/outbox',
    files: filesIn('relay/outbox', /\/(row-visibility|operator-request|message-row|outbox-table)\.ts$/),
    stages: [unitTests('test/relay/outbox', 'test/relay/replication')],
  },
  {
    name: 'relay/publishing',
    files: filesIn('relay/publishing', /^(?!.*\/(service-bus-publisher|link-loss|encoded-batch)\.ts$)/),
    stages: [
      [...unitTests('test/relay/publishing'), 'test/relay/config.test.ts'],
      ['test/relay/publishing/service-bus/encoded-batch.integration.test.ts'],
    ],
  },
  {
    name: 'relay/monitoring',
    files: filesIn('relay/monitoring', /\/relay-(monitor|states)\.ts$/),
    stages: [unitTests('test/relay/monitoring')],
  },
  {
    name: 'relay/retention',
    files: filesIn('relay/retention', /\/retention-cutoff\.ts$/),
    stages: [unitTests('test/relay/retention')],
  },
];
