import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from '@sinclair/typebox';
import { ApiError } from '../../api-error.ts';
import type { Order } from '../../orders/order.ts';
import type { OrderPage, OrderQuery } from '../../orders/order-query.ts';
import { type Caller, requireCustomer } from '../auth/caller.ts';
import { answer, CACHE_CONTROL, problemAnswer } from '../documented-answers.ts';
import { contextHeaders } from '../headers/context-headers.ts';
import { cursorOf } from '../query/order-cursor.ts';
import { OrderQueryString, toOrderQuery } from '../query/order-query-string.ts';
import { OrderView, viewOrder } from './order-view.ts';

const MAX_PAGE_BYTES = 1024 * 1024;

export interface OrderListDeps {
  readonly listOrders: (query: OrderQuery) => Promise<OrderPage>;
  /** What the path of this route begins with for a client. */
  readonly publicPrefix: string;
}

export const orderListRoute: FastifyPluginAsyncTypebox<OrderListDeps> = async (
  app,
  { listOrders, publicPrefix },
) => {
  const forList = { schema: listOrdersSchema, config: { access: 'orders:read' } } as const;
  app.get('/orders', forList, async (request, reply) => {
    const { orders, next } = await listOrders(ownQuery(toOrderQuery(request.query), request.caller));
    const items = itemsOfPage(orders);
    const goOn = items.length < orders.length ? orders[items.length - 1] : next;
    const cursor = goOn && cursorOf(goOn);
    if (cursor) {
      const asked = new URL(request.url, 'http://here').searchParams;
      asked.set('cursor', cursor);
      reply.header('link', `<${publicPrefix}/orders?${asked.toString()}>; rel="next"`);
    }
    reply.header('cache-control', 'private, no-cache').type('application/json; charset=utf-8');
    return `{"items":[${items.join()}]${cursor ? `,"next":"${cursor}"` : ''}}`;
  });
};

/** The same for the caller's customer alone. Throws FORBIDDEN when it asks for another one. */
function ownQuery(query: OrderQuery, caller: Caller | undefined): OrderQuery {
  if (caller?.customerId === undefined) return query;
  requireCustomer(caller, query.customerId ?? caller.customerId, '');
  return { ...query, customerId: caller.customerId };
}

/** As JSON, one by one: as many orders as have room in a page, at least one. */
function itemsOfPage(orders: readonly Order[]): string[] {
  const items: string[] = [];
  let bytes = 0;
  for (const order of orders) {
    const item = JSON.stringify(viewOrder(order) satisfies OrderView);
    bytes += Buffer.byteLength(item);
    if (items.length > 0 && bytes > MAX_PAGE_BYTES) break;
    items.push(item);
  }
  return items;
}

const OrderList = Type.Object(
  {
    items: Type.Array(OrderView, {
      maxItems: 100,
      description: 'Fewer than asked for when they would be more than 1 MB; at least one, if there is one',
    }),
    next: Type.Optional(Type.String({ description: 'The cursor of the next page; not there at the end' })),
  },
  {
    title: 'OrderPage',
    additionalProperties: false,
    examples: [
      {
        items: OrderView['examples'],
        next: cursorOf({
          createdAt: new Date('2024-12-12T10:30:00.000Z'),
          orderId: '0193c0ffee007abc8def0123456789ab',
        }),
      },
    ],
  },
);

const LINK = {
  Link: {
    type: 'string',
    description: 'Where the next page is, with rel="next"; not there at the end',
    examples: ['</api/orders?limit=20&cursor=MTczMzk5OTQwMDAwMC4wMTkzYzBmZg>; rel="next"'],
  },
};

const listOrdersSchema = {
  operationId: 'listOrders',
  summary: 'List orders, newest first',
  description:
    'Follow `next`, or the Link header, to the end: every order that was there at the first page comes once, whatever is ' +
    'written meanwhile. Who asks again later for what is new begins some seconds before the newest order that was seen: ' +
    '`createdAt` is the time at which an order is begun, and it can be read a moment later.',
  tags: ['orders'],
  headers: contextHeaders,
  querystring: OrderQueryString,
  response: {
    200: answer('A page of orders', OrderList, { ...LINK, ...CACHE_CONTROL }),
    400: problemAnswer(
      'A parameter or a header is not valid, or not known; errors[] names each',
      new ApiError('REQUEST_INVALID', 'The query is not valid', {
        faults: [{ pointer: '', detail: 'limit must be a whole number from 1 to 100' }],
      }),
    ),
  },
};
