import { type Static, Type } from '@sinclair/typebox';
import { CustomerId } from '../../messages/order-fields.ts';
import type { OrderQuery } from '../../orders/order-query.ts';
import { OrderStatus } from '../../orders/order-status.ts';
import { parseInstant } from './instant.ts';
import { parseCursor } from './order-cursor.ts';

const DEFAULT_LIMIT = 20;

/** The parameters of a list of orders. */
export const OrderQueryString = Type.Object(
  {
    customerId: Type.Optional(CustomerId),
    status: Type.Optional(OrderStatus),
    createdAfter: Type.Optional(instantParameter('Created later than this')),
    createdBefore: Type.Optional(instantParameter('Created earlier than this')),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 100, default: DEFAULT_LIMIT })),
    cursor: Type.Optional(
      Type.String({ format: 'cursor', description: 'The `next` of the page before, as it was' }),
    ),
  },
  { additionalProperties: false },
);
export type OrderQueryString = Static<typeof OrderQueryString>;

function instantParameter(description: string) {
  return Type.String({ format: 'date-time', description, examples: ['2024-12-12T10:30:00.000Z'] });
}

/** What a query string asks for that keeps to the schema. */
export function toOrderQuery(query: OrderQueryString): OrderQuery {
  const { customerId, status, createdAfter, createdBefore, limit = DEFAULT_LIMIT, cursor } = query;
  return {
    customerId,
    status,
    createdAfter: createdAfter === undefined ? undefined : parseInstant(createdAfter),
    createdBefore: createdBefore === undefined ? undefined : parseInstant(createdBefore),
    limit,
    after: cursor === undefined ? undefined : parseCursor(cursor),
  };
}
