import type { Fate } from '../handling/handler.ts';

/** Whether an inbox in this state is ready, and what that means for people. */
interface Meaning {
  readonly ready: boolean;
  readonly means: string;
}

/** What an inbox can be in: the words of /status, /health/ready, the metrics, the log and docs/reference.md. */
export const INBOX_STATES = {
  starting: { ready: false, means: 'the process has begun' },
  connecting: {
    ready: false,
    means: 'it waits for a database with the schema, and for the broker to answer each consumer',
  },
  receiving: { ready: true, means: 'it takes what comes, or nothing comes' },
  'broker-away': { ready: false, means: 'a consumer cannot receive; it is tried again' },
  'database-away': { ready: false, means: 'the database does not answer; what is in hand is tried again' },
  draining: { ready: false, means: 'it ends; what is in hand is finished or let go' },
  stopped: { ready: false, means: 'it has ended' },
} as const satisfies Record<string, Meaning>;

export type InboxState = keyof typeof INBOX_STATES;
/** What the process itself goes through. Who is away, the consumers and the database tell. */
export type InboxPhase = Exclude<InboxState, 'broker-away' | 'database-away'>;

/** What keeps messages from moving: `blockedBy` of /status and /health/ready, and the label of `inbox_blocked`. */
export const BLOCKERS = {
  broker: 'a consumer cannot receive',
  database: 'the database does not answer',
  'in-hand': 'a message is being handled for longer than 30 s',
  released: 'what is received goes back to the broker again and again',
} as const;

export type Blocker = keyof typeof BLOCKERS;

/** What becomes of a message that was received. */
export const FATES = {
  handled: 'its effect is committed',
  repeat: 'its effect was committed before',
  ignored: 'nobody here consumes events of its type',
  'dead-lettered': 'it can never be handled, or was tried often enough',
  held: 'it waits in the table for a person',
  released: 'it goes back to the broker, and comes again',
} as const satisfies Record<Fate, string>;
