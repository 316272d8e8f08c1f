import type { SourcePatch } from '../source-patch.ts';
import type { Plant } from './plant.ts';

/**
 * The relay notices a slot that stands further than its own progress, and makes good from the table what was confirmed too
 * early. For plants that confirm too early this second net is taken away, or there would be nothing to catch.
 */
const TRUSTS_ITS_SLOT: SourcePatch = {
  file: 'relay/recovery/start-decision.ts',
  find: 'if (slot.confirmedLsn > known && standing.tableHasUnsettled) {',
  replace: 'if (false) {',
};

const KILLS = { killActiveRelay: 4, brokerLatency: 4 };

// Mistakes about what is confirmed, and where to go on.
export const cursorPlants: readonly Plant[] = [
  {
    name: 'ack-plus-one',
    patches: [
      TRUSTS_ITS_SLOT,
      {
        file: 'relay/replication/stream.ts',
        find: 'formatLsn(this.#confirmed - 1n)',
        replace: 'formatLsn(this.#confirmed)',
      },
    ],
    caughtBy: 'lost',
    // What is lost is next to what was confirmed, and was not stored: some batches taken late, others never.
    weights: { killActiveRelay: 4, brokerHang: 4 },
  },
  {
    name: 'ack-on-a-timer',
    patches: [
      TRUSTS_ITS_SLOT,
      {
        file: 'relay/session/session.ts',
        find: 'state.commit(event.endLsn);',
        replace: 'state.commit(event.endLsn); globalThis.receivedLsn = event.endLsn;',
      },
      {
        file: 'relay/replication/stream.ts',
        find: 'this.#confirm(this.#handler?.storedLsn ?? this.#options.from, true);',
        replace: 'this.#confirm(globalThis.receivedLsn ?? this.#options.from, true);',
      },
    ],
    caughtBy: 'lost',
    weights: KILLS,
  },
  {
    name: 'ack-on-receipt',
    patches: [
      TRUSTS_ITS_SLOT,
      {
        file: 'relay/session/session.ts',
        find: 'state.commit(event.endLsn);',
        replace: 'state.commit(event.endLsn); this.#deps.stream.confirm(event.endLsn);',
      },
    ],
    caughtBy: 'lost',
    weights: KILLS,
  },
  {
    name: 'resume-from-last-received',
    patches: [
      {
        file: 'relay/session/session.ts',
        find: 'state.commit(event.endLsn);',
        replace: 'state.commit(event.endLsn); globalThis.receivedLsn = event.endLsn;',
      },
      {
        file: 'relay/session/run-session.ts',
        find: '      from,\n      stopping: run.stopping,',
        replace: '      from: globalThis.receivedLsn ?? from,\n      stopping: run.stopping,',
      },
    ],
    caughtBy: 'lost',
    alone: true,
    weights: { terminateWalsender: 4, brokerLatency: 4 },
  },
  {
    name: 'skip-by-lsn',
    patches: [
      {
        file: 'relay/session/session.ts',
        find: 'state.begin(event.commitLsn, event.xid);',
        replace: `state.begin(event.commitLsn, event.xid);
          globalThis.skipped = event.commitLsn <= (globalThis.lastSeenLsn ?? 0n);
          if (!globalThis.skipped) globalThis.lastSeenLsn = event.commitLsn;`,
      },
      {
        file: 'relay/session/session.ts',
        find: 'state.insert(event.message);',
        replace: 'if (!globalThis.skipped) state.insert(event.message);',
      },
    ],
    caughtBy: 'lost',
    alone: true,
    weights: { terminateWalsender: 4, brokerLatency: 4 },
  },
];
