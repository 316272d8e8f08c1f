import { type Static, Type } from '@sinclair/typebox';
import { ApiError } from '../../api-error.ts';
import type { OrderPage, OrderQuery } from '../../orders/order-query.ts';
import type { App } from '../app-instance.ts';
import { answer, CACHE_CONTROL, contextHeaders, problemAnswer, RETRY_AFTER } from '../documented-answers.ts';
import { cursorOf, OrderQueryString, readOrderQuery } from './order-query-string.ts';
import { OrderView, viewOrder } from './order-view.ts';

export interface OrderListDeps {
  readonly listOrders: (query: OrderQuery) => Promise<OrderPage>;
}

export function orderListRoute(app: App, { listOrders }: OrderListDeps): void {
  // The schema documents; readOrderQuery checks.
  const options = { schema: listOrdersSchema, validatorCompiler: () => () => true };
  app.get('/api/orders', options, async (request, reply) => {
    const { orders, next } = await listOrders(readOrderQuery(request.query));
    const list: OrderList = { items: orders.map(viewOrder), ...(next && { next: cursorOf(next) }) };
    if (list.next) {
      const asked = new URL(request.url, 'http://here').searchParams;
      asked.set('cursor', list.next);
      reply.header('link', `</api/orders?${asked.toString()}>; rel="next"`);
    }
    reply.header('cache-control', 'private, no-cache');
    return list;
  });
}

const OrderList = Type.Object(
  {
    items: Type.Array(OrderView, { maxItems: 100 }),
    next: Type.Optional(Type.String({ description: 'The cursor of the next page; not there at the end' })),
  },
  {
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
type OrderList = Static<typeof OrderList>;

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
      {},
      new ApiError('REQUEST_INVALID', 'The query is not valid', {
        faults: [{ pointer: '', detail: 'limit must be a whole number from 1 to 100' }],
      }),
    ),
    500: problemAnswer('A fault of ours', {}, new Error('Not told')),
    503: problemAnswer(
      'The database does not answer',
      RETRY_AFTER,
      new ApiError('DATABASE_UNAVAILABLE', 'No database connection'),
    ),
  },
};
