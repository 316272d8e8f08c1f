import { SqlError } from './sql-error.ts';
import type { SqlValue } from './sql-value.ts';

/** The pattern of LIKE: `%` is any text, `_` any one character, and what follows the escape character is itself. */
export function likePattern(pattern: SqlValue, escapeBy: SqlValue): RegExp {
  if (typeof pattern !== 'string') throw new SqlError('The pattern of LIKE must be a text');
  if (escapeBy !== undefined && (typeof escapeBy !== 'string' || escapeBy.length !== 1)) {
    throw new SqlError('ESCAPE must have a text of one character');
  }
  let source = '';
  let isEscaped = false;
  for (const character of pattern) {
    if (!isEscaped && character === escapeBy) {
      isEscaped = true;
      continue;
    }
    if (!isEscaped && character === '%') source += '.*';
    else if (!isEscaped && character === '_') source += '.';
    else source += RegExp.escape(character);
    isEscaped = false;
  }
  return new RegExp(`^${source}$`, 'su');
}
