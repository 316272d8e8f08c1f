import { isUtf8 } from 'node:buffer';
import { MEMBERS, MESSAGE_COLUMNS } from './outbox-columns.ts';
import type { Member, OutboxMessage } from './outbox-message.ts';

/** A row of the outbox, wherever it was read. */
export interface MessageRow {
  /** Undefined: NULL, or a table without that column. */
  text(member: Member): string | undefined;
  /** As `text`; throws OUTBOX_UNREADABLE without a value. */
  required(member: Member): string;
  /** The committed bytes, which the caller may keep. Throws OUTBOX_UNREADABLE without a value. */
  body(): Buffer;
  /** Those of what was read before that are no UTF-8. */
  broken(): readonly Member[];
}

/** What stands for bytes that are no UTF-8. https://encoding.spec.whatwg.org/#utf-8-decoder */
export const REPLACEMENT = '\uFFFD';

export function toMessage(row: MessageRow): OutboxMessage {
  const message = {
    messageId: row.required('messageId'),
    messageType: row.required('messageType'),
    body: row.body(),
    aggregateId: row.text('aggregateId'),
    aggregateVersion: row.text('aggregateVersion'),
    correlationId: row.text('correlationId'),
    causationId: row.text('causationId'),
    userId: row.text('userId'),
    metadata: row.text('metadata'),
    traceparent: row.text('traceparent'),
    tracestate: row.text('tracestate'),
    destination: row.text('destination'),
  };
  const broken = row.broken();
  return broken.length === 0 ? message : withFault(message, broken);
}

/** What `npm run outbox -- init` keeps from being changed once it is inserted: a repeat must have the same bytes. */
const UNCHANGEABLE: readonly Member[] = ['messageType', 'body'];

/** An order whose id cannot be read is none: two of them would be taken for one. */
function withFault(message: OutboxMessage, broken: readonly Member[]): OutboxMessage {
  const columns = broken.map((member) => MESSAGE_COLUMNS[member]).join(', ');
  const wayOut = broken.some((member) => UNCHANGEABLE.includes(member))
    ? 'insert another one and drop this one'
    : 'correct them, then retry';
  const fault = `Bytes that are no UTF-8, which the encoding SQL_ASCII of the database lets in, in ${columns}: ${wayOut}`;
  return { ...message, fault, ...(broken.includes('aggregateId') && { aggregateId: undefined }) };
}

/** What `SELECT_MESSAGE` brings. */
export interface SelectedMessage extends Readonly<Record<Member, string | null>> {
  /** All of it, where nobody has checked it. */
  readonly unchecked: Buffer | null;
}

/** The table holds NULL in no required column. */
export function fromTable(row: SelectedMessage): OutboxMessage {
  const text = (member: Member) => row[member] ?? undefined;
  const required = (member: Member) => row[member] ?? '';
  const broken = () =>
    row.unchecked === null || isUtf8(row.unchecked)
      ? []
      : MEMBERS.filter((member) => text(member)?.includes(REPLACEMENT));
  return toMessage({ text, required, body: () => Buffer.from(required('body')), broken });
}
