import { limits } from '../limits.ts';
import { SqlError } from './sql-error.ts';
import type { SqlMessage } from './sql-message.ts';
import { type SqlParameters, SqlParser } from './sql-parser.ts';

/** Whether a message matches; what is unknown does not. Throws a SqlError for types that cannot be compared. */
export type SqlFilter = (message: SqlMessage) => boolean;

/**
 * Reads a filter such as `sys.Label LIKE 'Order%' AND total > @least`. Throws a SqlError that says what is wrong.
 * https://learn.microsoft.com/azure/service-bus-messaging/service-bus-messaging-sql-filter
 */
export function parseSqlFilter(sql: string, parameters: SqlParameters = {}): SqlFilter {
  if (sql.length > limits.sqlCharacters.value) {
    throw new SqlError(`A filter has at most ${limits.sqlCharacters.value} characters`);
  }
  const parser = new SqlParser(sql, parameters);
  const condition = parser.condition();
  parser.end();
  return (message) => condition.evaluate(message) === true;
}
