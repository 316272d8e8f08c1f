import { isUtf8 } from 'node:buffer';
import { type Static, Type } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';

/** The prefix of logical messages that are meant for the relay: `pg_logical_emit_message(true, prefix, text)`. */
export const REQUEST_PREFIX = 'outbox-relay';

/** SQL: tells the relay to send what waits of a row's order, in the transaction that has changed the row. */
export const TELL_REDRIVE = `pg_logical_emit_message(true, '${REQUEST_PREFIX}', jsonb_build_object('redrive',
  CASE WHEN aggregate_id IS NULL THEN jsonb_build_object('messageId', message_id)
       ELSE jsonb_build_object('aggregateId', aggregate_id) END)::text)`;
/** SQL: tells it to send all that is unsettled. */
export const TELL_SETTLE = `pg_logical_emit_message(true, '${REQUEST_PREFIX}', '{"settle": true}')`;

const exactly = { additionalProperties: false };
const redriveTarget = Type.Union([
  // PostgreSQL knows no text with U+0000, and would fail the query.
  Type.Object({ aggregateId: Type.String({ pattern: '^[^\\u0000]*$' }) }, exactly),
  Type.Object(
    { messageId: Type.String({ pattern: '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' }) },
    exactly,
  ),
]);
const operatorRequest = Type.Union([
  Type.Object({ redrive: redriveTarget }, exactly),
  Type.Object({ settle: Type.Literal(true) }, exactly),
]);

/** Whose rows an operator wants sent: those of an order, or the one row of no order. */
export type RedriveTarget = Static<typeof redriveTarget>;

/** redrive: send what waits of an order. settle: send all that is unsettled in the table. */
export type OperatorRequest = Static<typeof operatorRequest>;

/** Undefined if it is none: anybody may write to the log. */
export function parseRequest(content: Buffer): OperatorRequest | undefined {
  const value = parseJson(content.toString());
  if (!Value.Check(operatorRequest, value)) return undefined;
  // Of an order whose id is no UTF-8 the rows cannot be asked for; they are among all that is unsettled.
  return isUtf8(content) ? value : { settle: true };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // which is no request either
  }
}
