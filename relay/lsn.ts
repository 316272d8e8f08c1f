/** A WAL position. A bigint everywhere inside; the text form ("16/B374D848") only towards PostgreSQL and people. */
export type Lsn = bigint;

export function parseLsn(text: string): Lsn {
  const [high, low, ...rest] = text.split('/');
  if (!high || !low || rest.length > 0) throw new RangeError(`Not a WAL position: ${text}`);
  return (BigInt(`0x${high}`) << 32n) | BigInt(`0x${low}`);
}

export function formatLsn(lsn: Lsn): string {
  return `${(lsn >> 32n).toString(16)}/${(lsn & 0xffffffffn).toString(16)}`.toUpperCase();
}

export function maxLsn(a: Lsn, b: Lsn): Lsn {
  if (a > b) return a;
  return b;
}
