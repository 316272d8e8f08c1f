import { type Static, Type } from '@sinclair/typebox';
import { AppError } from '../core/errors.ts';
import { CREATE_ORDER, CreateOrder } from '../core/messages/create-order.ts';
import { OrderCreated } from '../core/messages/order-created.ts';
import type { Dispatcher } from '../dispatcher.ts';
import { describeOrder, type Order } from '../orders/order.ts';
import type { Receptors } from '../receptors/registry.ts';
import type { App } from './app-instance.ts';
import { commandRoute } from './command-route.ts';
import { answer, contextHeaders, problemAnswer, RETRY_AFTER } from './openapi.ts';

const ORDER_ID = /^[0-9a-f]{32}$/;

/** An order as it stands now: what its event said, and what has become of it. */
const OrderView = Type.Object(
  {
    ...OrderCreated.properties,
    status: Type.String({ examples: ['Pending'] }),
    updatedAt: OrderCreated.properties.createdAt,
  },
  { additionalProperties: false },
);
type OrderView = Static<typeof OrderView>;

export interface OrderRoutesDeps {
  readonly findOrder: (orderId: string) => Promise<Order | undefined>;
  readonly dispatcher: Dispatcher<Receptors>;
}

export function orderRoutes(app: App, { findOrder, dispatcher }: OrderRoutesDeps): void {
  commandRoute(app, dispatcher, {
    url: '/api/orders',
    schema: createOrderSchema,
    toCommand: ({ body }) => ({ type: CREATE_ORDER, body }),
    toAnswer: (order) => ({
      status: 201,
      headers: { location: `/api/orders/${order.orderId}` },
      body: order,
    }),
    onCommitted: ({ orderId, customerId, totalAmount, items }, { log }) =>
      log.info(
        { orderId, customerId, itemCount: items.length, totalAmount },
        `Order ${orderId} created for customer ${customerId} with ${items.length} items, total $${totalAmount}`,
      ),
  });

  app.get('/api/orders/:orderId', { schema: getOrderSchema }, async (request): Promise<OrderView> => {
    const { orderId } = request.params;
    const order = ORDER_ID.test(orderId) ? await findOrder(orderId) : undefined;
    if (!order) throw new AppError('ORDER_NOT_FOUND', 'There is no such order');
    return { ...describeOrder(order), status: order.status, updatedAt: order.updatedAt.toISOString() };
  });
}

const LOCATION = { Location: { type: 'string', description: 'Where the order can be read' } };

const createOrderSchema = {
  operationId: 'createOrder',
  summary: 'Create an order',
  description:
    'Headers `X-Metadata-{Name}` go along with the event as its property `name`: at most 20, of printable ASCII. ' +
    'Of a member that comes twice the last one counts.',
  tags: ['orders'],
  headers: contextHeaders,
  body: CreateOrder,
  response: {
    201: answer('The order was created, and its event will be published', OrderCreated, LOCATION),
    400: problemAnswer('The order cannot be taken; errors[] names every wrong field'),
    408: problemAnswer('The request took too long to arrive'),
    413: problemAnswer('The body is larger than 256 KB'),
    415: problemAnswer('The body is not application/json'),
    500: problemAnswer('A fault of ours'),
    503: problemAnswer(
      'The database does not answer. With the type commit-uncertain, the order may exist',
      RETRY_AFTER,
    ),
  },
};

const getOrderSchema = {
  operationId: 'getOrder',
  summary: 'Read an order',
  tags: ['orders'],
  headers: contextHeaders,
  params: Type.Object({ orderId: Type.String({ description: '32 lower-case hex digits' }) }),
  response: {
    200: answer('The order as it stands now', OrderView),
    400: problemAnswer('A header or the address is not valid'),
    404: problemAnswer('There is no such order'),
    500: problemAnswer('A fault of ours'),
    503: problemAnswer('The database does not answer', RETRY_AFTER),
  },
};
