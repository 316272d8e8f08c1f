import type { InventoryInsufficient } from '../messages/inventory-insufficient.ts';
import { MAX_REASON } from '../messages/order-fields.ts';
import { isVisible } from '../messages/visible-text.ts';

/** PostgreSQL has no place for NUL, and a reason none for the others. */
const CONTROL_CHARACTERS = /\p{Cc}+/gu;

/** Any text as a reason that can be kept and published: without control characters, at most 500 characters, never empty. */
export function toReason(text: string): string {
  if (!isVisible(text)) return 'No reason given';
  const readable = text.toWellFormed().replaceAll(CONTROL_CHARACTERS, ' ').trim();
  const characters = Array.from(readable);
  return characters.length <= MAX_REASON ? readable : `${characters.slice(0, MAX_REASON - 1).join('')}…`;
}

/** Which items are missing: as many of them as have room. */
export function outOfStock(items: InventoryInsufficient['items']): string {
  const missing = items.map(
    ({ productId, requested, available }) => `${productId} (${requested} requested, ${available} available)`,
  );
  return toReason(`Out of stock: ${missing.join(', ')}`);
}
