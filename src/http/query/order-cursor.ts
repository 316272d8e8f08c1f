import type { OrderPlace } from '../../orders/order-query.ts';
import { storable } from './instant.ts';

/** The place as a text that says nothing to a client and is safe in a URL. */
export function cursorOf({ createdAt, orderId }: OrderPlace): string {
  return Buffer.from(`${createdAt.getTime()}.${orderId}`).toString('base64url');
}

/** The place that `cursorOf` made this text of; undefined for any other text. */
export function parseCursor(cursor: string): OrderPlace | undefined {
  const [, time, orderId = ''] =
    /^(-?\d{1,15})\.([^\p{Cc}\p{Cs}]{1,200})$/u.exec(Buffer.from(cursor, 'base64url').toString()) ?? [];
  const createdAt = storable(new Date(Number(time)));
  if (!createdAt) return undefined;
  const place = { createdAt, orderId };
  // The decoder takes much that it would never write.
  return cursorOf(place) === cursor ? place : undefined;
}
