import type pg from 'pg';
import { isApiError } from '../api-error.ts';
import { backoffMs } from '../core/backoff.ts';
import { errorCode } from '../core/errors.ts';
import type { Logger } from '../core/log.ts';
import { pause } from '../core/pause.ts';
import type { Migrations } from './migrations.ts';
import { assertSchemaCurrent } from './schema-version.ts';

const LONGEST_WAIT_MS = 5_000;
/** What a pooler answers to a startup parameter that it does not take. */
const PROTOCOL_VIOLATION = '08P01';
const OPTIONS_REFUSED =
  'DATABASE_URL leads to a pooler that refuses its options; set them by ALTER ROLE ... SET instead; not ready, asking again';

/** Waits for a database that answers; false when stopped before. Throws SCHEMA_BEHIND. `migrations`: default those of the order service. */
export async function awaitSchema(
  pool: pg.Pool,
  log: Logger,
  stopping: AbortSignal,
  migrations?: Migrations,
): Promise<boolean> {
  for (let failures = 1; !stopping.aborted; failures++) {
    try {
      await assertSchemaCurrent(pool, migrations);
      return true;
    } catch (err) {
      if (isApiError(err) && err.code === 'SCHEMA_BEHIND') throw err;
      const waitMs = backoffMs(failures, Math.random, LONGEST_WAIT_MS);
      if (errorCode(err) === PROTOCOL_VIOLATION) log.error({ err, waitMs }, OPTIONS_REFUSED);
      else log.warn({ err, waitMs }, 'The database does not answer; not ready, asking again');
      await pause(waitMs, stopping);
    }
  }
  return false;
}
