import type { Stack } from './stack.ts';
import { tutorialOrder } from './tutorial-order.ts';

export interface PlacedOrder {
  readonly status: number;
  readonly statusText: string;
  readonly location: string | null;
  /** The order as the api answers it, or the problem. */
  readonly order: Record<string, unknown>;
}

/** Sends the order of the tutorial to the api, with a token where it asks for one. */
export async function placeOrder(
  { apiUrl, issuer }: Pick<Stack, 'apiUrl' | 'issuer'>,
  headers: Readonly<Record<string, string>> = {},
): Promise<PlacedOrder> {
  const token = await issuer?.sign({ scope: 'orders:write', customer_id: tutorialOrder.customerId });
  const answer = await fetch(`${apiUrl}/api/orders`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(token && { authorization: `Bearer ${token}` }),
      ...headers,
    },
    body: JSON.stringify(tutorialOrder),
  });
  return {
    status: answer.status,
    statusText: answer.statusText,
    location: answer.headers.get('location'),
    order: (await answer.json()) as Record<string, unknown>,
  };
}
