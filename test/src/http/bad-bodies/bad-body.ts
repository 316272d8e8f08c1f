import { tutorialOrder } from '../../../support/orders.ts';

export interface BadBody {
  readonly name: string;
  /** An object is sent as JSON. */
  readonly body: string | Buffer | object;
  readonly status?: number;
  /** Every pointer that must be in errors[], and no other. */
  readonly pointers: readonly string[];
  readonly headers?: Record<string, string>;
}

/** The order that each bad body is made of: it alone would be taken. */
export const order = tutorialOrder();
export const json = JSON.stringify(order);
export const [item] = order.items;
export const withField = (fields: object) => ({ ...order, ...fields });
/** Of its two items it changes the second one. */
export const withItem = (fields: object) => ({ ...order, items: [order.items[0], { ...item, ...fields }] });
export const withAddress = (fields: object) => ({
  ...order,
  shippingAddress: { ...order.shippingAddress, ...fields },
});
/** The order as JSON, for what no object can have in it. */
export const withText = (from: string, to: string) => json.replace(from, to);
/** An item that is right but for what it costs. */
export const money = (quantity: number, unitPrice: number) => ({ productId: 'p', quantity, unitPrice });
/** For what is wrong as a whole. */
export const none = [''];
