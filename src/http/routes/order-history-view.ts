import { type Static, Type } from '@sinclair/typebox';
import { type HistoryEntry, ORDER_ACTORS, type OrderWithHistory } from '../../orders/order-history.ts';
import { OrderStatus } from '../../orders/order-status.ts';
import { OrderView, viewOrder } from './order-view.ts';

const HistoryEntryView = Type.Object(
  {
    version: Type.Integer({ minimum: 1, description: 'That which the order had then' }),
    status: OrderStatus,
    event: Type.String({ description: 'The type of the event that says so' }),
    by: Type.Unsafe<string>({
      title: 'OrderActor',
      type: 'string',
      enum: [...ORDER_ACTORS],
      description: 'Who brought it about',
    }),
    reason: Type.Optional(Type.String()),
    at: Type.String({ format: 'date-time' }),
  },
  { title: 'OrderHistoryEntry', additionalProperties: false },
);
type HistoryEntryView = Static<typeof HistoryEntryView>;

const [orderExample] = OrderView['examples'] as [OrderView];

/** An order as it stands now, and what has made it so. */
export const OrderWithHistoryView = Type.Object(
  {
    ...OrderView.properties,
    history: Type.Array(HistoryEntryView, { description: 'An entry for each version, the first one first' }),
  },
  {
    title: 'OrderWithHistory',
    additionalProperties: false,
    examples: [
      {
        ...orderExample,
        status: 'Cancelled',
        updatedAt: '2024-12-12T10:45:00.000Z',
        version: 2,
        history: [
          {
            version: 1,
            status: 'Pending',
            event: 'OrderCreated',
            by: 'customer',
            at: orderExample.createdAt,
          },
          {
            version: 2,
            status: 'Cancelled',
            event: 'OrderCancelled',
            by: 'inventory',
            reason: 'Out of stock: prod-456 (2 requested, 1 available)',
            at: '2024-12-12T10:45:00.000Z',
          },
        ],
      },
    ],
  },
);

export function viewWithHistory({ order, history }: OrderWithHistory): Static<typeof OrderWithHistoryView> {
  return { ...viewOrder(order), history: history.map(viewEntry) };
}

const viewEntry = ({ version, status, event, by, reason, at }: HistoryEntry): HistoryEntryView => ({
  version,
  status,
  event,
  by,
  ...(reason !== undefined && { reason }),
  at: at.toISOString(),
});
