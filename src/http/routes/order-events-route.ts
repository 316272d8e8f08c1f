import { type Static, Type } from '@sinclair/typebox';
import { ApiError } from '../../api-error.ts';
import { orderNotFound } from '../../orders/order.ts';
import { type OrderEvent, stateOf } from '../../orders/order-event.ts';
import type { App } from '../app-instance.ts';
import { answer, CACHE_CONTROL, contextHeaders, problemAnswer, RETRY_AFTER } from '../documented-answers.ts';
import { OrderParams, orderIdOf } from './order-view.ts';

export interface OrderEventsDeps {
  /** Undefined when there is no such order. */
  readonly findOrderEvents: (orderId: string) => Promise<OrderEvent[] | undefined>;
}

export function orderEventsRoute(app: App, { findOrderEvents }: OrderEventsDeps): void {
  app.get('/api/orders/:orderId/events', { schema: getEventsSchema }, async (request, reply) => {
    const events = await findOrderEvents(orderIdOf(request.params));
    if (!events) throw orderNotFound();
    const list: EventList = { items: events.map(viewEvent) };
    reply.header('cache-control', 'private, no-cache');
    return list;
  });
}

function viewEvent(event: OrderEvent): EventView {
  const { messageId, type, createdAt, publishedAt, parkedAt, droppedAt } = event;
  return {
    messageId,
    type,
    state: stateOf(event),
    createdAt: createdAt.toISOString(),
    ...(publishedAt && { publishedAt: publishedAt.toISOString() }),
    ...(parkedAt && { parkedAt: parkedAt.toISOString() }),
    ...(droppedAt && { droppedAt: droppedAt.toISOString() }),
  };
}

const instant = (description: string) => Type.String({ format: 'date-time', description });

const EventView = Type.Object(
  {
    messageId: Type.String({ format: 'uuid', description: 'That of the message on the bus' }),
    type: Type.String({ description: 'The subject of the message' }),
    state: Type.Union(
      ['pending', 'published', 'parked', 'dropped'].map((state) => Type.Literal(state)),
      {
        description:
          'pending: on its way; published: the broker has it; parked: the broker can never take it, until somebody mends ' +
          'that; dropped: given up',
      },
    ),
    createdAt: instant('When it happened'),
    publishedAt: Type.Optional(instant('When the broker had taken it')),
    parkedAt: Type.Optional(instant('When it was set aside')),
    droppedAt: Type.Optional(instant('When it was given up')),
  },
  { additionalProperties: false },
);
type EventView = Static<typeof EventView>;

const EventList = Type.Object(
  {
    items: Type.Array(EventView, {
      description: 'In the order in which they are published, the first 1,000',
    }),
  },
  {
    additionalProperties: false,
    examples: [
      {
        items: [
          {
            messageId: '0193c0ff-ee00-7abc-8def-0123456789ac',
            type: 'OrderCreated',
            state: 'published',
            createdAt: '2024-12-12T10:30:00.000Z',
            publishedAt: '2024-12-12T10:30:00.061Z',
          },
        ],
      },
    ],
  },
);
type EventList = Static<typeof EventList>;

const getEventsSchema = {
  operationId: 'getOrderEvents',
  summary: 'Follow the events of an order to the bus',
  tags: ['orders'],
  headers: contextHeaders,
  params: OrderParams,
  response: {
    200: answer('The events of the order', EventList, CACHE_CONTROL),
    400: problemAnswer(
      'A header or the address is not valid',
      {},
      new ApiError('CONTEXT_INVALID', 'A header is not valid', {
        faults: [{ pointer: '', detail: 'x-correlation-id must be 1 to 128 visible ASCII characters' }],
      }),
    ),
    404: problemAnswer('There is no such order', {}, orderNotFound()),
    500: problemAnswer('A fault of ours', {}, new Error('Not told')),
    503: problemAnswer(
      'The database does not answer',
      RETRY_AFTER,
      new ApiError('DATABASE_UNAVAILABLE', 'No database connection'),
    ),
  },
};
