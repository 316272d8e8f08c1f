import type { SourcePatch } from './source-patch.ts';
import type { ViolationKind } from './violation.ts';

/** A mistake that a relay could have. The rig is worth something only if it catches each of them. */
export interface Plant {
  readonly name: string;
  readonly patches: readonly SourcePatch[];
  /** What must be found, or the rig is blind to it. */
  readonly caughtBy: ViolationKind;
  /** With no relay standing by, which would take over and start with a clean memory. */
  readonly alone?: boolean;
  /** How long a run has to be at least, if it shows late. */
  readonly seconds?: number;
  /** The faults it takes to show; the checker is the same for all. */
  readonly weights: Readonly<Record<string, number>>;
}

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

export const plants: readonly Plant[] = [
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
  {
    name: 'pipelined-sends',
    patches: [
      {
        file: 'relay/session/lanes.ts',
        find: 'const behind = lane !== undefined && !lanes.has(lane) ? this.#busy.get(lane) : undefined;',
        replace: 'const behind: M[] | undefined = undefined;',
      },
    ],
    caughtBy: 'reordered',
    weights: { brokerBusy: 4, brokerLatency: 2, brokerAckLost: 1 },
  },
  {
    name: 'new-id-on-resend',
    patches: [
      {
        file: 'relay/publishing/service-bus/service-bus-message.ts',
        find: 'messageId: message.messageId,',
        replace: `messageId: (globalThis.sentIds ??= new Set()).has(message.messageId)
          ? crypto.randomUUID() : (globalThis.sentIds.add(message.messageId), message.messageId),`,
      },
    ],
    caughtBy: 'phantom',
    weights: { brokerAckLost: 4, brokerBusy: 2 },
  },
  {
    name: 'skip-not-retryable',
    patches: [
      {
        file: 'relay/session/action-runner.ts',
        find: 'return this.#onRejected(batch, asPublishError(error));',
        replace:
          'if (error.cause?.retryable !== false) return this.#onRejected(batch, asPublishError(error));',
      },
    ],
    caughtBy: 'lost',
    weights: { brokerNotFound: 2, brokerDisabled: 2 },
  },
  {
    name: 'new-slot-without-scan',
    patches: [
      {
        file: 'relay/recovery/make-slot.ts',
        find: 'const positions = await unsettledPositions(ordinary, table);',
        replace: 'const positions = new BigInt64Array(0); void unsettledPositions;',
      },
    ],
    caughtBy: 'lost',
    weights: { dropSlot: 4, brokerLatency: 4 },
  },
  {
    name: 'body-parsed-and-printed',
    patches: [
      {
        file: 'relay/publishing/service-bus/service-bus-message.ts',
        find: 'body: message.body,',
        replace: 'body: Buffer.from(JSON.stringify(JSON.parse(message.body.toString()))),',
      },
    ],
    caughtBy: 'altered',
    weights: { killActiveRelay: 1 },
  },
  {
    name: 'unknown-refusal-stops-all',
    patches: [
      {
        file: 'relay/publishing/service-bus/to-publish-error.ts',
        find: "linkLives && code === 'GeneralError' ? refused :",
        replace: 'false ? refused :',
      },
    ],
    caughtBy: 'held up',
    weights: { refusedMessage: 1 },
  },
  {
    name: 'ready-by-phase',
    patches: [
      {
        file: 'relay/monitoring/relay-monitor.ts',
        find: 'RELAY_STATES[this.state].ready && this.blocked === undefined;',
        replace: 'RELAY_STATES[this.state].ready;',
      },
    ],
    caughtBy: 'ready while stuck',
    weights: { rowsLockedLong: 1 },
  },
  {
    name: 'parked-orders-outside-the-snapshot',
    patches: [
      {
        file: 'relay/recovery/make-slot.ts',
        find: 'const parked = await parkedOrders(ordinary, table);',
        replace: `await ordinary.query('COMMIT');
          await new Promise((done) => setTimeout(done, 500));
          const parked = await parkedOrders(ordinary, table);`,
      },
    ],
    caughtBy: 'reordered',
    weights: { retriedWhileSlotIsMade: 1 },
  },
  {
    name: 'retention-never-goes-back',
    patches: [
      {
        file: 'relay/retention/table-sweep.ts',
        find: 'if (this.#block >= pieces * blocks) this.#block = 0;',
        replace: '',
      },
    ],
    caughtBy: 'table grows',
    // A process that begins anew begins anywhere, and would come by what the one before has left.
    weights: { brokerLatency: 1 },
    seconds: 150,
  },
];
