import type { JournalEntry } from './service-bus/journal.ts';
import { type Step, timeBars } from './time-bars.ts';

type Row = Readonly<Record<string, unknown>>;

export interface DemoReport {
  /** Such as `201 Created`. */
  readonly answer: string;
  readonly rows: Readonly<Record<'orders' | 'order_items' | 'outbox', readonly Row[]>>;
  readonly event: Pick<JournalEntry, 'messageId' | 'subject' | 'correlationId' | 'entity'>;
  readonly body: unknown;
  readonly steps: readonly Step[];
}

const LONGEST_BODY = 60;

/** What one would show a colleague: the order, its rows, the event as it was received, and where the milliseconds went. */
export function demoReport({ answer, rows, event, body, steps }: DemoReport): string {
  const [order = {}] = rows.orders;
  const [outbox = {}] = rows.outbox;
  const items = rows.order_items.map(
    (item) => `${item['product_id']} ${item['quantity']} × ${item['unit_price']} = ${item['line_total']}`,
  );
  const json = JSON.stringify(body);
  const [first, last] = [steps[0], steps.at(-1)];
  const total = first && last ? (last.at - first.at).toFixed(1) : '?';
  return [
    `POST /api/orders  ${answer}`,
    `orders            ${order['order_id']} of ${order['customer_id']}: ${order['total_amount']}, ${order['status']}`,
    `order_items       ${items.join(', ')}`,
    `outbox            ${outbox['message_type']} ${outbox['message_id']}, ${outbox['processed_at'] ? 'published' : 'not published yet'}`,
    `topic ${event.entity.padEnd(12)}${event.subject} ${event.messageId}, correlation id ${event.correlationId}`,
    `                  ${json.length > LONGEST_BODY ? `${json.slice(0, LONGEST_BODY - 1)}…` : json}`,
    '',
    ...timeBars(steps),
    `From the request to the receiver: ${total} ms`,
  ].join('\n');
}
