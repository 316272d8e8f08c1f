/** The largest amount that NUMERIC(10,2) holds, in cents. */
export const MAX_CENTS = 9_999_999_999n;

/**
 * Whether a JSON number has at most two decimals.
 * JSON Schema's `multipleOf: 0.01` refuses one correct price in nine, 19.99 among them; this has no false answer.
 */
export function hasAtMostTwoDecimals(amount: number): boolean {
  return Math.round(amount * 100) / 100 === amount;
}

/** Exact cents of an amount for which `hasAtMostTwoDecimals` holds. */
export function toCents(amount: number): bigint {
  return BigInt(Math.round(amount * 100));
}

/** The JSON number for cents; exact up to MAX_CENTS, since the division rounds to the double that prints as the decimal. */
export function toAmount(cents: bigint): number {
  return Number(cents) / 100;
}

/** The text PostgreSQL's NUMERIC(10,2) takes: 8997n -> "89.97". */
export function toNumeric(cents: bigint): string {
  const digits = cents.toString().padStart(3, '0');
  return `${digits.slice(0, -2)}.${digits.slice(-2)}`;
}

/** Exact cents of what NUMERIC(10,2) prints, always with two decimals: "89.97" -> 8997n. */
export function fromNumeric(numeric: string): bigint {
  return BigInt(numeric.replace('.', ''));
}
