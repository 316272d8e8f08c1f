import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { type Static, Type } from '@sinclair/typebox';
import { type Owner, orderNotFound } from '../../orders/order.ts';
import { type EventState, eventState, type OrderEvent } from '../../orders/order-event.ts';
import { answer, CACHE_CONTROL, headerProblem, problemAnswer } from '../documented-answers.ts';
import { contextHeaders } from '../headers/context-headers.ts';
import { OrderParams, orderIdOf } from './order-view.ts';

export interface OrderEventsDeps {
  /** Undefined when the owner has no such order. */
  readonly findOrderEvents: (orderId: string, owner: Owner) => Promise<OrderEvent[] | undefined>;
}

export const orderEventsRoute: FastifyPluginAsyncTypebox<OrderEventsDeps> = async (
  app,
  { findOrderEvents },
) => {
  const forEvents = { schema: getEventsSchema, config: { access: 'orders:read' } } as const;
  app.get('/orders/:orderId/events', forEvents, async (request, reply) => {
    const events = await findOrderEvents(orderIdOf(request.params), request.caller?.customerId);
    if (!events) throw orderNotFound();
    const list: EventList = { items: events.map(viewEvent) };
    reply.header('cache-control', 'private, no-cache');
    return list;
  });
};

function viewEvent(event: OrderEvent): EventView {
  const { messageId, type, createdAt, publishedAt, parkedAt, droppedAt } = event;
  return {
    messageId,
    type,
    state: eventState(event),
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
    state: Type.Unsafe<EventState>({
      title: 'EventState',
      type: 'string',
      enum: ['pending', 'published', 'parked', 'dropped'] satisfies EventState[],
      description:
        'pending: on its way; published: the broker has it; parked: the broker can never take it, until somebody mends ' +
        'that; dropped: given up',
    }),
    createdAt: instant('When it happened'),
    publishedAt: Type.Optional(instant('When the broker had taken it')),
    parkedAt: Type.Optional(instant('When it was set aside')),
    droppedAt: Type.Optional(instant('When it was given up')),
  },
  { title: 'OrderEvent', additionalProperties: false },
);
type EventView = Static<typeof EventView>;

const EventList = Type.Object(
  {
    items: Type.Array(EventView, {
      description: 'In the order in which they are published, the first 1,000',
    }),
  },
  {
    title: 'OrderEvents',
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
  description:
    'An event is on its way, published, parked or given up. One that was published long ago is no longer listed.',
  tags: ['orders'],
  headers: contextHeaders,
  params: OrderParams,
  response: {
    200: answer('The events of the order', EventList, CACHE_CONTROL),
    400: headerProblem,
    404: problemAnswer('There is no such order', orderNotFound()),
  },
};
