import { ApiError } from '../api-error.ts';
import type { Fault } from '../core/errors.ts';
import type { CreateOrder } from '../messages/create-order.ts';
import type { OrderCreated } from '../messages/order-created.ts';
import type { Address } from '../messages/order-fields.ts';
import { MAX_CENTS, toAmount, toCents, toNumeric } from './money.ts';

export interface Order {
  readonly orderId: string;
  readonly customerId: string;
  /** In the order the customer sent them. */
  readonly items: readonly OrderItem[];
  readonly shippingAddress: Address;
  readonly totalCents: bigint;
  readonly status: string;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  /** 1 when it is created, one more with every change. */
  readonly version: number;
}

/** The customer whose orders alone are there for the one who asks; undefined: those of all. */
export type Owner = string | undefined;

export interface OrderItem {
  readonly orderItemId: string;
  readonly productId: string;
  readonly quantity: number;
  readonly unitPriceCents: bigint;
  readonly lineTotalCents: bigint;
}

/** A new order with its totals, before it is placed. */
export type PricedOrder = Omit<Order, 'createdAt' | 'updatedAt'>;

/** A new order with its totals, exact. Throws ORDER_INVALID with every amount that is too large to be kept. */
export function priceOrder(command: CreateOrder, newId: () => string): PricedOrder {
  const items = command.items.map((item) => {
    const unitPriceCents = toCents(item.unitPrice);
    return {
      orderItemId: newId(),
      productId: item.productId,
      quantity: item.quantity,
      unitPriceCents,
      lineTotalCents: unitPriceCents * BigInt(item.quantity),
    };
  });
  const totalCents = items.reduce((sum, item) => sum + item.lineTotalCents, 0n);
  refuseAmountsTooLarge(items, totalCents);
  return {
    orderId: newId(),
    customerId: command.customerId,
    items,
    shippingAddress: command.shippingAddress,
    totalCents,
    status: 'Pending',
    version: 1,
  };
}

export const placeOrder = (priced: PricedOrder, now: Date): Order => ({
  ...priced,
  createdAt: now,
  updatedAt: now,
});

/** Throws ORDER_VERSION_MISMATCH unless the order has one of these versions. */
export function requireVersion({ version }: Order, versions: readonly number[]): void {
  if (versions.includes(version)) return;
  const why =
    versions.length > 0
      ? 'The order has changed'
      : 'If-Match has no tag that an order can have; a weak one, such as W/"1", never matches';
  throw new ApiError('ORDER_VERSION_MISMATCH', `${why}: its version is ${version} by now`);
}

/** Another change of the order is under way, and does not end. */
export const orderLocked = (cause?: unknown) =>
  new ApiError('ORDER_LOCKED', 'Another change of this order is under way; try again in a moment', { cause });

export const orderNotFound = () => new ApiError('ORDER_NOT_FOUND', 'There is no such order');

/** The body of the event that this order was created. */
export function describeOrder(order: Order): OrderCreated {
  const { street, city, state, zipCode, country } = order.shippingAddress;
  return {
    orderId: order.orderId,
    customerId: order.customerId,
    items: order.items.map((item) => ({
      productId: item.productId,
      quantity: item.quantity,
      unitPrice: toAmount(item.unitPriceCents),
      lineTotal: toAmount(item.lineTotalCents),
    })),
    // Named one by one: jsonb gives them back in an order of its own.
    shippingAddress: { street, city, state, zipCode, country },
    totalAmount: toAmount(order.totalCents),
    createdAt: order.createdAt.toISOString(),
  };
}

function refuseAmountsTooLarge(items: readonly OrderItem[], totalCents: bigint): void {
  const limit = toNumeric(MAX_CENTS);
  const faults: Fault[] = items.flatMap(({ lineTotalCents }, index) =>
    lineTotalCents > MAX_CENTS
      ? [
          {
            pointer: `/items/${index}`,
            detail: `its line total ${toNumeric(lineTotalCents)} is over ${limit}`,
          },
        ]
      : [],
  );
  if (faults.length === 0 && totalCents > MAX_CENTS) {
    faults.push({ pointer: '/items', detail: `their total ${toNumeric(totalCents)} is over ${limit}` });
  }
  if (faults.length > 0)
    throw new ApiError('ORDER_INVALID', 'The order costs more than can be kept', { faults });
}
