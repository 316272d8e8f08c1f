import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { CreateOrder } from '../src/messages/create-order.ts';
import { epochMs } from './epoch-ms.ts';
import { placeOrder } from './place-order.ts';
import type { Saga } from './saga.ts';
import type { JournalEntry } from './service-bus/journal.ts';
import type { Stack } from './stack.ts';
import { tutorialOrder } from './tutorial-order.ts';

interface Tale {
  readonly title: string;
  readonly item: CreateOrder['items'][number];
  /** The state in which it ends, and the version that it has then. */
  readonly end: { readonly status: string; readonly version: number };
}

const TALES: readonly Tale[] = [
  {
    title: 'Paid',
    item: { productId: 'prod-456', quantity: 2, unitPrice: 19.99 },
    end: { status: 'PaymentProcessed', version: 2 },
  },
  {
    title: 'Out of stock',
    item: { productId: 'prod-789', quantity: 51, unitPrice: 49.99 },
    end: { status: 'Cancelled', version: 2 },
  },
  {
    title: 'Declined',
    item: { productId: 'prod-789', quantity: 1, unitPrice: 49.13 },
    end: { status: 'Cancelled', version: 3 },
  },
];
const STOCK_AT_THE_START = [stockOf('prod-456', 100, 0), stockOf('prod-789', 50, 0)];
/** What is paid stays reserved; what is declined or refused is not missing. */
const STOCK_AT_THE_END = [stockOf('prod-456', 98, 2), stockOf('prod-789', 50, 0)];
const DEADLINE_MS = 60_000;

interface Order {
  readonly status: string;
  readonly version: number;
  readonly history: readonly { readonly reason?: string }[];
}

/** Places three orders and says how each has ended. Throws if a state, or what is in stock, is not as it has to be in the end. */
export async function tellSaga(stack: Stack, saga: Saga, say: (line: string) => void): Promise<void> {
  await untilEqual('the stock at the start', () => readStock(saga), STOCK_AT_THE_START);
  say(`In stock          ${describeStock(STOCK_AT_THE_START)}`);
  for (const { title, item, end } of TALES) {
    const placedAt = epochMs();
    const { status, order: answer } = await placeOrder(stack, {}, { ...tutorialOrder, items: [item] });
    if (status !== 201) throw new Error(`The order was not created: ${JSON.stringify(answer)}`);
    const orderId = String(answer['orderId']);
    const order = await untilEnded(stack, orderId, end);
    const events = await untilPublished(stack, orderId, end);
    const ms = ((events.at(-1)?.at ?? placedAt) - placedAt).toFixed(0);
    say('');
    say(
      `${title.padEnd(18)}${orderId.slice(0, 8)}… of ${item.quantity} × ${item.productId}, ${String(answer['totalAmount'])}`,
    );
    say(`  events          ${events.map(({ subject }) => subject).join(' → ')}, in ${ms} ms`);
    say(`  end             ${order.status}: ${order.history.at(-1)?.reason}`);
  }
  await untilEqual('the stock', () => readStock(saga), STOCK_AT_THE_END);
  say(`\nIn stock          ${describeStock(STOCK_AT_THE_END)}. It adds up`);
}

async function untilEnded({ apiUrl }: Stack, orderId: string, end: Tale['end']): Promise<Order> {
  let order: Order | undefined;
  await untilEqual(
    `order ${orderId}`,
    async () => {
      order = (await (await fetch(`${apiUrl}/api/orders/${orderId}`)).json()) as Order;
      return { status: order.status, version: order.version };
    },
    end,
  );
  return order as Order; // it was read
}

/** What Service Bus took in of this order, as it came, once all of the order's own events are there: one for each version. */
async function untilPublished({ bus }: Stack, orderId: string, { version }: Tale['end']) {
  const events = () => bus.journal.entries().filter((entry) => isOf(entry, orderId));
  const own = async () => events().filter(({ entity }) => entity === 'orders').length;
  await untilEqual(`the number of events of order ${orderId}`, own, version);
  return events();
}

const isOf = ({ applicationProperties, duplicate }: JournalEntry, orderId: string) =>
  applicationProperties['aggregateId'] === orderId && !duplicate;

function stockOf(productId: string, available: number, reserved: number) {
  return { productId, available, reserved };
}

async function readStock({ inventory }: Saga) {
  const answer = await fetch(`${inventory.apiUrl}/api/inventory`);
  const stock = (await answer.json()) as typeof STOCK_AT_THE_END;
  return stock.map(({ productId, available, reserved }) => stockOf(productId, available, reserved));
}

const describeStock = (stock: typeof STOCK_AT_THE_END) =>
  stock
    .map(({ productId, available, reserved }) =>
      reserved === 0 ? `${productId} ${available}` : `${productId} ${available} and ${reserved} reserved`,
    )
    .join(', ');

async function untilEqual(what: string, read: () => Promise<unknown>, wanted: unknown): Promise<void> {
  const deadline = Date.now() + DEADLINE_MS;
  let found = await read();
  for (; !isDeepStrictEqual(found, wanted) && Date.now() < deadline; found = await read()) await sleep(20);
  if (isDeepStrictEqual(found, wanted)) return;
  throw new Error(`${what} has to be ${JSON.stringify(wanted)} in the end, and is ${JSON.stringify(found)}`);
}
