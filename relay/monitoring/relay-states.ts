/** Whether a relay in this state is ready, and what that means for people. */
interface Meaning {
  readonly ready: boolean;
  readonly means: string;
}

/** What a relay can be in: the words of /status, /health/ready, the metrics, the log and docs/reference.md. */
export const RELAY_STATES = {
  starting: { ready: false, means: 'the process has begun' },
  connecting: { ready: false, means: 'it looks where to go on, and opens the stream' },
  settling: { ready: false, means: 'the slot is new; what the table holds unsettled goes first' },
  streaming: { ready: true, means: 'it has the slot, and sends what is committed' },
  draining: { ready: false, means: 'it ends; what is in flight is marked' },
  standby: { ready: true, means: 'another relay has the slot; it takes over when that one goes' },
  waiting: { ready: false, means: 'something failed, and is tried again: `lastError` tells what' },
  'broker-away': {
    ready: false,
    means: 'the broker, or an entity of it, takes nothing; sends are tried again',
  },
  'set-back': { ready: false, means: 'the database was set back; a person has to confirm it' },
  stopped: { ready: false, means: 'it has ended' },
} as const satisfies Record<string, Meaning>;

export type RelayPhase = keyof typeof RELAY_STATES;

/** What keeps the oldest event from moving: `blockedBy` of /status and /health/ready, and the label of `outbox_relay_blocked`. */
export const BLOCKERS = {
  broker: 'sends are refused, or are not answered',
  'locked-row': 'another session has locked rows of the outbox, so that they cannot be marked',
  marking: 'marks cannot be written',
  session: 'there is no stream: `state` and `lastError` tell why',
  'other-relay': 'another relay has the slot, and sends nothing',
  stream: 'the event is committed, and the stream does not bring it',
} as const;

export type Blocker = keyof typeof BLOCKERS;
