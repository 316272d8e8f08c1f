import type { JournalEntry } from './service-bus/journal.ts';
import { type Step, timeBars } from './time-bars.ts';

/** Everything that an order has left in the database. */
export interface DemoRows {
  readonly orders: readonly { order_id: string; customer_id: string; total_amount: string; status: string }[];
  readonly order_items: readonly {
    product_id: string;
    quantity: number;
    unit_price: string;
    line_total: string;
  }[];
  readonly outbox: readonly { message_type: string; message_id: string; processed_at: Date | null }[];
}

export interface DemoReport {
  /** Such as `201 Created`. */
  readonly answer: string;
  readonly rows: DemoRows;
  readonly event: Pick<JournalEntry, 'messageId' | 'subject' | 'correlationId' | 'entity'>;
  readonly body: unknown;
  readonly steps: readonly Step[];
}

const LONGEST_BODY = 60;

/** What one would show a colleague: the order, its rows, the event as it was received, and where the milliseconds went. */
export function demoReport({ answer, rows, event, body, steps }: DemoReport): string {
  const orders = rows.orders.map(
    (row) => `${row.order_id} of ${row.customer_id}: ${row.total_amount}, ${row.status}`,
  );
  const items = rows.order_items.map(
    (row) => `${row.product_id} ${row.quantity} × ${row.unit_price} = ${row.line_total}`,
  );
  const messages = rows.outbox.map(
    (row) => `${row.message_type} ${row.message_id}, ${row.processed_at ? 'published' : 'not published yet'}`,
  );
  const json = JSON.stringify(body);
  const [first, last] = [steps[0], steps.at(-1)];
  const total = first && last ? (last.at - first.at).toFixed(1) : '?';
  return [
    `POST /api/orders  ${answer}`,
    `orders            ${orders.join(', ')}`,
    `order_items       ${items.join(', ')}`,
    `outbox            ${messages.join(', ')}`,
    `topic ${event.entity.padEnd(12)}${event.subject} ${event.messageId}, correlation id ${event.correlationId}`,
    `                  ${json.length > LONGEST_BODY ? `${json.slice(0, LONGEST_BODY - 1)}…` : json}`,
    '',
    ...timeBars(steps),
    `From the request to the receiver: ${total} ms`,
  ].join('\n');
}
