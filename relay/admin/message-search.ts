import type pg from 'pg';
import { OPEN, PARKED, UNSETTLED } from '../outbox/outbox-columns.ts';
import type { OutboxTable } from '../outbox/outbox-table.ts';
import { isMessageId } from './message-id.ts';
import { type MessageState, messageState, type StoredMessage, selectStored } from './outbox-inspection.ts';

/** newest: whatever came last. waiting: unsettled. refused: the broker has said no to it, and it is tried again. parked: it waits for a person. */
export const MESSAGE_LISTS = ['newest', 'waiting', 'refused', 'parked'] as const;
export type MessageList = (typeof MESSAGE_LISTS)[number];

export interface FoundMessage extends StoredMessage {
  readonly state: MessageState;
}

export interface MessageSearch {
  readonly pool: pg.Pool;
  readonly table: OutboxTable;
  readonly limit: number;
}

const CONDITIONS: Readonly<Record<Exclude<MessageList, 'newest'>, string>> = {
  waiting: `(${UNSETTLED})`,
  refused: `((${UNSETTLED}) OR (${PARKED})) AND ${OPEN} AND next_retry_at IS NOT NULL`,
  parked: `(${PARKED})`,
};

/** The first of a list, the oldest first. Throws what `pg` throws. */
export function listMessages(
  search: MessageSearch,
  list: Exclude<MessageList, 'newest'>,
): Promise<FoundMessage[]> {
  return select(search, `${CONDITIONS[list]} ORDER BY o.position`, []);
}

/**
 * What came last, the last first: of these ids, of what is unsettled, and where ids tell their times (UUIDv7) of all. No index has
 * all rows in their order. Throws what `pg` throws.
 */
export function newestMessages(search: MessageSearch, delivered: readonly string[]): Promise<FoundMessage[]> {
  const { outbox } = search.table;
  // As one set of ids, so that each is looked up by the primary key.
  const newest = `SELECT unnest($2::uuid[])
    UNION (SELECT message_id FROM ${outbox} WHERE ${UNSETTLED} ORDER BY position DESC LIMIT $1)
    UNION (SELECT message_id FROM (SELECT message_id FROM ${outbox} ORDER BY message_id DESC LIMIT $1) AS last
      WHERE substr(message_id::text, 15, 1) = '7')`;
  return select(search, `message_id IN (${newest}) ORDER BY o.position DESC`, [delivered]);
}

/**
 * The messages with this id, order, correlation id or type, the last first; of a list alone if it says which. Throws what `pg`
 * throws: only ids and orders have an index, and a statement has a time limit.
 */
export async function searchMessages(
  search: MessageSearch,
  text: string,
  list: MessageList,
): Promise<FoundMessage[]> {
  const within = list === 'newest' ? 'true' : CONDITIONS[list];
  const id = isMessageId(text) ? 'message_id = $2::uuid OR ' : '';
  for (const found of [
    `${id}aggregate_id::text = $2::text`,
    'correlation_id::text = $2 OR message_type::text = $2',
  ]) {
    const messages = await select(search, `${within} AND (${found}) ORDER BY o.position DESC`, [text]);
    if (messages.length > 0) return messages;
  }
  return [];
}

/** The other messages of an order, in order. Throws what `pg` throws. */
export function messagesOfOrder(search: MessageSearch, aggregateId: string): Promise<FoundMessage[]> {
  return select(search, 'o.aggregate_id::text = $2 ORDER BY o.position', [aggregateId]);
}

async function select(
  { pool, table, limit }: MessageSearch,
  condition: string,
  values: readonly unknown[],
): Promise<FoundMessage[]> {
  const { rows } = await pool.query<StoredMessage>(
    `SELECT ${selectStored(table)} FROM ${table.outbox} AS o WHERE ${condition} LIMIT $1`,
    [limit, ...values],
  );
  return rows.map((message) => ({ ...message, state: messageState(message) }));
}
