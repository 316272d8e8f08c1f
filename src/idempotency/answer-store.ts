import { createHash } from 'node:crypto';
import { and, eq, gt, type SQL, sql } from 'drizzle-orm';
import { ApiError } from '../api-error.ts';
import type { Database } from '../db/database.ts';
import { idempotencyKeys } from '../db/schema.ts';
import type { KeptAnswer, KeyedRequest } from './keyed-request.ts';

// The database's clock alone, since every api process may have its own.
const KEPT_SINCE = sql`now() - interval '24 hours'`;

/**
 * Takes the key for the rest of the transaction that `db` is in, and returns the answer it has if it was used before.
 * Throws IDEMPOTENCY_KEY_IN_USE when another transaction has it now, without waiting for that one: those who wait would
 * take every connection. Throws IDEMPOTENCY_KEY_REUSED when the key belongs to another request.
 */
export async function takeKey(db: Database, request: KeyedRequest): Promise<KeptAnswer | undefined> {
  const lock = sql`select pg_try_advisory_xact_lock(${lockNumber(request)}::bigint) as taken`;
  // Two statements, sent together: the second sees what the one who had the lock before the first has committed.
  const [{ rows }, [kept]] = await Promise.all([
    db.execute<{ taken: boolean }>(lock).execute(),
    db
      .select()
      .from(idempotencyKeys)
      .where(and(isFor(request), gt(idempotencyKeys.createdAt, KEPT_SINCE)))
      .execute(),
  ]);
  if (!rows[0]?.taken) {
    throw new ApiError(
      'IDEMPOTENCY_KEY_IN_USE',
      'The first request with this Idempotency-Key is still under way; ask again in a moment',
    );
  }
  if (kept && kept.fingerprint !== request.fingerprint) {
    throw new ApiError(
      'IDEMPOTENCY_KEY_REUSED',
      'This Idempotency-Key belongs to a request that asked for something else; a new request needs a new key',
    );
  }
  return kept && { status: kept.status, headers: kept.headers, body: kept.body };
}

/** Keeps the answer for a day under the key that `takeKey` has taken; it is kept if, and only if, the transaction commits. */
export async function keepAnswer(db: Database, request: KeyedRequest, answer: KeptAnswer): Promise<void> {
  const { scope, route, key, fingerprint } = request;
  const { status, headers, body } = answer;
  const kept = { fingerprint, status, headers, body };
  await db
    .insert(idempotencyKeys)
    .values({ scope, route, key, ...kept })
    .onConflictDoUpdate({
      // One that is too old to count and has not been removed yet.
      target: [idempotencyKeys.scope, idempotencyKeys.route, idempotencyKeys.key],
      set: { ...kept, createdAt: sql`now()` },
    });
}

/** Whether this is the answer that repeats of the request get. */
export async function isAnswerKept(
  db: Database,
  request: KeyedRequest,
  { status, body }: KeptAnswer,
): Promise<boolean> {
  const rows = await db
    .select({ fingerprint: idempotencyKeys.fingerprint })
    .from(idempotencyKeys)
    .where(and(isFor(request), eq(idempotencyKeys.status, status), eq(idempotencyKeys.body, body)));
  return rows.some(({ fingerprint }) => fingerprint === request.fingerprint);
}

/** Removes at most `limit` answers that are too old to count, and returns how many; waits for no lock. */
export async function removeExpired(db: Database, limit: number): Promise<number> {
  const { rowCount } = await db.execute(sql`
    delete from ${idempotencyKeys}
    where ${idempotencyKeys.createdAt} <= ${KEPT_SINCE} and ctid = any(array(
      select ctid from ${idempotencyKeys} where ${idempotencyKeys.createdAt} <= ${KEPT_SINCE}
      order by ${idempotencyKeys.createdAt} limit ${limit} for update skip locked))`);
  return rowCount ?? 0;
}

const isFor = ({ scope, route, key }: KeyedRequest): SQL | undefined =>
  and(eq(idempotencyKeys.scope, scope), eq(idempotencyKeys.route, route), eq(idempotencyKeys.key, key));

/** Two keys that share a number by chance would only make one of them wait: 64 bits of a hash are enough. */
function lockNumber({ scope, route, key }: KeyedRequest): string {
  const hash = createHash('sha256')
    .update(JSON.stringify([scope, route, key]))
    .digest();
  return hash.readBigInt64BE().toString();
}
