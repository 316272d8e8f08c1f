import { randomUUID } from 'node:crypto';

/** A fresh lock token, as the text that clients show. */
export function newLockToken(): string {
  return randomUUID();
}

/** The 16 bytes of a token in the order of its text: what the management operations carry. */
export function lockTokenBytes(token: string): Buffer {
  return Buffer.from(token.replaceAll('-', ''), 'hex');
}

/** The inverse of `lockTokenBytes`. */
export function lockTokenFromBytes(bytes: Buffer): string {
  const hex = bytes.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/**
 * The delivery tag that stands for a token: the same 16 bytes as a .NET Guid lays them out, its first three groups
 * little-endian. Clients turn them back before they show the token.
 */
export function deliveryTag(token: string): Buffer {
  const bytes = lockTokenBytes(token);
  bytes.subarray(0, 4).reverse();
  bytes.subarray(4, 6).reverse();
  bytes.subarray(6, 8).reverse();
  return bytes;
}
