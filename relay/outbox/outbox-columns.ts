import type { Member } from './outbox-message.ts';

/** The column of each member of a message. The decoder and every SELECT of messages go by it. */
export const MESSAGE_COLUMNS = {
  messageId: 'message_id',
  messageType: 'message_type',
  body: 'message_body',
  aggregateId: 'aggregate_id',
  aggregateVersion: 'aggregate_version',
  correlationId: 'correlation_id',
  causationId: 'causation_id',
  userId: 'user_id',
  metadata: 'metadata',
  traceparent: 'traceparent',
  tracestate: 'tracestate',
  destination: 'destination',
} as const satisfies Record<Member, string>;

export const MEMBERS = Object.keys(MESSAGE_COLUMNS) as Member[];

/** What a table must have to be an outbox. */
export const REQUIRED_MEMBERS = ['messageId', 'messageType', 'body'] as const;

/** A row with a value in one of them is settled. */
export const SETTLED_COLUMNS = ['processed_at', 'parked_at', 'dropped_at'] as const;

/** SQL: these members of a message under their own names, each as the text that was committed. */
export function selectMembers(members: readonly Member[]): string {
  return members.map((member) => `${MESSAGE_COLUMNS[member]}::text AS "${member}"`).join(', ');
}

/** SQL: all of these texts as bytes, in a database that has not checked that they are UTF-8; NULL in any other. */
const UNCHECKED = `CASE current_setting('server_encoding') WHEN 'SQL_ASCII'
  THEN textsend(concat_ws(' ', ${MEMBERS.map((member) => `${MESSAGE_COLUMNS[member]}::text`).join(', ')})) END`;

/** SQL: a whole message. */
export const SELECT_MESSAGE = `${selectMembers(MEMBERS)}, ${UNCHECKED} AS unchecked`;

/** SQL: neither published nor given up, and not parked. */
export const UNSETTLED = SETTLED_COLUMNS.map((column) => `${column} IS NULL`).join(' AND ');

/** SQL: neither published nor given up, parked or not. */
export const OPEN = 'processed_at IS NULL AND dropped_at IS NULL';

/** SQL: waits for an operator, or behind a message that does. As the index idx_outbox_held has it. */
export const PARKED_OR_DEFERRED = `(parked_at IS NOT NULL OR deferred_at IS NOT NULL) AND ${OPEN}`;

/** SQL: waits for an operator; by the same index. */
export const PARKED = `${PARKED_OR_DEFERRED} AND parked_at IS NOT NULL`;
