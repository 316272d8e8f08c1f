/**
 * Whether a transaction's changes can be seen in a snapshot ("xmin:xmax:xip,..." as pg_current_snapshot prints it).
 * The WAL names transactions by their low 32 bits; the epoch is taken from the snapshot, which is at most 2^31 away.
 * A row that is absent although its transaction is visible was deleted; otherwise it will appear.
 * https://www.postgresql.org/docs/current/functions-info.html#FUNCTIONS-PG-SNAPSHOT
 */
export function isVisibleIn(snapshot: string, xid: number): boolean {
  const [xminText = '0', xmaxText = '0', xipText = ''] = snapshot.split(':');
  const xmax = BigInt(xmaxText);
  let full = (xmax & ~0xffffffffn) | BigInt(xid);
  if (full > xmax + 0x80000000n) full -= 0x100000000n;
  else if (full + 0x80000000n < xmax) full += 0x100000000n;
  if (full < BigInt(xminText)) return true;
  return full < xmax && !xipText.split(',').includes(full.toString());
}
