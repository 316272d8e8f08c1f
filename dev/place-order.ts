import type { CreateOrder } from '../src/messages/create-order.ts';
import type { Stack } from './stack.ts';
import { tutorialOrder } from './tutorial-order.ts';

export interface PlacedOrder {
  readonly status: number;
  readonly statusText: string;
  readonly location: string | null;
  /** The order as the api answers it, or the problem. */
  readonly order: Record<string, unknown>;
}

/** Sends an order to the api, that of the tutorial unless it is another one, with a token where it asks for one. */
export async function placeOrder(
  { apiUrl, issuer }: Pick<Stack, 'apiUrl' | 'issuer'>,
  headers: Readonly<Record<string, string>> = {},
  body: CreateOrder = tutorialOrder,
): Promise<PlacedOrder> {
  const token = await issuer?.sign({ scope: 'orders:write', customer_id: body.customerId });
  const answer = await fetch(`${apiUrl}/api/orders`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(token && { authorization: `Bearer ${token}` }),
      ...headers,
    },
    body: JSON.stringify(body),
  });
  return {
    status: answer.status,
    statusText: answer.statusText,
    location: answer.headers.get('location'),
    order: (await answer.json()) as Record<string, unknown>,
  };
}
