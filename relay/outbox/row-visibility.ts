/** Below it are no transactions; 0 stands for rows that were read from the table, and so have been seen. */
const FIRST_XID = 3;

/**
 * Whether a transaction's changes can be seen in a snapshot ("xmin:xmax:xip,..." as pg_current_snapshot prints it).
 * The WAL names transactions by their low 32 bits; the epoch is taken from the snapshot, which is at most 2^31 away.
 * A row that is absent although its transaction is visible was deleted; otherwise it will appear.
 * https://www.postgresql.org/docs/current/functions-info.html#FUNCTIONS-PG-SNAPSHOT
 */
export function isVisibleIn(snapshot: string, xid: number): boolean {
  if (xid < FIRST_XID) return true;
  const xmax = BigInt(snapshot.split(':')[1] ?? 0);
  let full = (xmax & ~0xffffffffn) | BigInt(xid);
  if (full > xmax + 0x80000000n) full -= 0x100000000n;
  else if (full + 0x80000000n < xmax) full += 0x100000000n;
  return isFinishedIn(snapshot, full);
}

/** Whether every transaction that was in progress in the one snapshot has ended in the other, later one. */
export function haveEnded(before: string, now: string): boolean {
  const inProgress = before.split(':')[2] ?? '';
  return inProgress === '' || inProgress.split(',').every((xid) => isFinishedIn(now, BigInt(xid)));
}

function isFinishedIn(snapshot: string, xid: bigint): boolean {
  const [xmin = '0', xmax = '0', inProgress = ''] = snapshot.split(':');
  if (xid < BigInt(xmin)) return true;
  return xid < BigInt(xmax) && !inProgress.split(',').includes(xid.toString());
}
