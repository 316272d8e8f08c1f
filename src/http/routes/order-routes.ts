import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from '@sinclair/typebox';
import { ApiError } from '../../api-error.ts';
import type { Dispatcher } from '../../dispatcher.ts';
import { CANCEL_ORDER, CancelOrder } from '../../messages/cancel-order.ts';
import { CREATE_ORDER, CreateOrder } from '../../messages/create-order.ts';
import { toAmount, toNumeric } from '../../orders/money.ts';
import { type Owner, orderNotFound } from '../../orders/order.ts';
import type { OrderWithHistory } from '../../orders/order-history.ts';
import type { Receptors } from '../../receptors/registry.ts';
import { requireCustomer } from '../auth/caller.ts';
import { counted } from '../counted.ts';
import { answer, CACHE_CONTROL, emptyAnswer, headerProblem, problemAnswer } from '../documented-answers.ts';
import { contextHeaders } from '../headers/context-headers.ts';
import { entityTag, isKnown, versionsOf } from '../headers/entity-tag.ts';
import { commandHandler } from './command-handler.ts';
import { commandSchema } from './command-schema.ts';
import { OrderWithHistoryView, viewWithHistory } from './order-history-view.ts';
import { OrderParams, OrderView, orderIdOf, viewOrder } from './order-view.ts';

export interface OrderRoutesDeps {
  readonly findOrder: (orderId: string, owner: Owner) => Promise<OrderWithHistory | undefined>;
  readonly dispatcher: Dispatcher<Receptors>;
  /** What the paths of these routes begin with for a client. */
  readonly publicPrefix: string;
}

export const orderRoutes: FastifyPluginAsyncTypebox<OrderRoutesDeps> = async (app, deps) => {
  const { findOrder, dispatcher, publicPrefix } = deps;

  const create = commandHandler(dispatcher, CREATE_ORDER, {
    toAnswer: (order) => ({
      status: 201,
      headers: {
        location: `${publicPrefix}/orders/${order.orderId}`,
        etag: entityTag(order.version),
      },
      body: viewOrder(order),
    }),
    // The customer is left out: a log is read by more people than orders are.
    toChange: ({ orderId, totalCents, items: { length: itemCount } }) => ({
      text: `Order ${orderId} created with ${counted(itemCount, 'item')}, total $${toNumeric(totalCents)}`,
      fields: { orderId, itemCount, totalAmount: toAmount(totalCents) },
    }),
  });
  app.post('/orders', { schema: createOrderSchema, config: { access: 'orders:write' } }, (request, reply) =>
    create(request, reply, ({ body, caller }) => {
      requireCustomer(caller, body.customerId, '/customerId');
      return body;
    }),
  );

  const cancel = commandHandler(dispatcher, CANCEL_ORDER, {
    toAnswer: (order) => ({
      status: 200,
      headers: { etag: entityTag(order.version) },
      body: viewOrder(order),
    }),
    toChange: ({ orderId }) => ({ text: `Order ${orderId} is cancelled`, fields: { orderId } }),
  });
  const forCancel = { schema: cancelOrderSchema, config: { access: 'orders:write' } } as const;
  app.post('/orders/:orderId/cancel', forCancel, (request, reply) =>
    cancel(request, reply, ({ params, body, headers, caller }) => {
      const versions = versionsOf(headers['if-match']);
      const owner = caller?.customerId;
      return { orderId: orderIdOf(params), ...body, ...(owner && { owner }), ...(versions && { versions }) };
    }),
  );

  const forRead = { schema: getOrderSchema, config: { access: 'orders:read' } } as const;
  app.get('/orders/:orderId', forRead, async (request, reply) => {
    const found = await findOrder(orderIdOf(request.params), request.caller?.customerId);
    if (!found) throw orderNotFound();
    const { order } = found;
    reply.header('etag', entityTag(order.version)).header('cache-control', 'private, no-cache');
    if (!isKnown(order.version, request.headers['if-none-match'])) return viewWithHistory(found);
    reply.code(304);
    return undefined;
  });
};

const ETAG = {
  ETag: { type: 'string', description: 'The version of the order', examples: ['"1"'] },
};
const LOCATION = { Location: { type: 'string', description: 'Where the order can be read' } };

const createOrderSchema = commandSchema({
  operationId: 'createOrder',
  summary: 'Create an order',
  description:
    'Headers `X-Metadata-{Name}` go along with the event as its property `name`: at most 20, of printable ASCII. ' +
    'Of a member that comes twice the last one counts.',
  tags: ['orders'],
  headers: contextHeaders,
  body: CreateOrder,
  response: {
    201: answer('The order was created, and its event will be published', OrderView, {
      ...LOCATION,
      ...ETAG,
    }),
    400: problemAnswer(
      'The order cannot be taken; errors[] names every wrong field',
      new ApiError('REQUEST_INVALID', 'The order cannot be taken', {
        faults: [{ pointer: '/items/0/unitPrice', detail: 'must have at most two decimals' }],
      }),
    ),
  },
});

const cancelOrderSchema = commandSchema({
  operationId: 'cancelOrder',
  summary: 'Cancel an order',
  description:
    'Only a pending order can be cancelled. One that is cancelled already is answered as it is, without another event.',
  tags: ['orders'],
  headers: Type.Composite([
    contextHeaders,
    Type.Object({
      'If-Match': Type.Optional(
        Type.String({ description: 'Cancel only this version of the order: its ETag', examples: ['"1"'] }),
      ),
    }),
  ]),
  params: OrderParams,
  body: Type.Omit(CancelOrder, ['orderId', 'owner', 'versions'], {
    title: 'CancelOrder',
    additionalProperties: false,
    examples: [{ reason: 'Ordered twice' }],
  }),
  response: {
    200: answer('The order is cancelled', OrderView, ETAG),
    400: problemAnswer(
      'The body, a header or the address is not valid; errors[] names every wrong field',
      new ApiError('REQUEST_INVALID', 'The request cannot be taken', {
        faults: [{ pointer: '/reason', detail: 'is required' }],
      }),
    ),
    404: problemAnswer('There is no such order', orderNotFound()),
    409: problemAnswer(
      'The order is in a state from which it cannot be cancelled. Or: with the type order-locked, another change of it is under way',
      new ApiError('ORDER_NOT_CANCELLABLE', 'An order that is Shipped cannot be cancelled'),
    ),
    412: problemAnswer(
      'The order has another version than If-Match asks for; nothing was changed',
      new ApiError('ORDER_VERSION_MISMATCH', 'The order has changed: its version is 2 by now'),
    ),
  },
});

const getOrderSchema = {
  operationId: 'getOrder',
  summary: 'Read an order',
  description:
    'Its `ETag` is its version: with `If-None-Match` an order that has not changed is not sent again.',
  tags: ['orders'],
  headers: Type.Composite([
    contextHeaders,
    Type.Object({
      'If-None-Match': Type.Optional(
        Type.String({ description: 'The ETag of what the client has', examples: ['"1"'] }),
      ),
    }),
  ]),
  params: OrderParams,
  response: {
    200: answer('The order as it stands now, and what has happened to it', OrderWithHistoryView, {
      ...ETAG,
      ...CACHE_CONTROL,
    }),
    304: emptyAnswer('The order has not changed since', { ...ETAG, ...CACHE_CONTROL }),
    400: headerProblem,
    404: problemAnswer('There is no such order', orderNotFound()),
  },
};
