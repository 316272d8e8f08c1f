import type { EncodedMessage, TextField } from './encoded-message.ts';
import { parseSqlFilter, type SqlFilter } from './sql/sql-filter.ts';
import type { SqlMessage } from './sql/sql-message.ts';
import type { SqlParameters } from './sql/sql-parser.ts';

/** A subscription's filter. Every field of a correlation filter that is given must be equal. */
export type RuleFilter =
  | { readonly kind: 'true' }
  | { readonly kind: 'false' }
  | { readonly kind: 'sql'; readonly expression: string; readonly matches: SqlFilter }
  | {
      readonly kind: 'correlation';
      readonly fields: Readonly<Partial<Record<TextField, string>>>;
      readonly properties: Readonly<Record<string, unknown>>;
    };

/** The filter of an SQL expression. Throws a SqlError that says what is wrong in it. */
export function sqlRuleFilter(expression: string, parameters?: SqlParameters): RuleFilter {
  // The two that the service makes itself, for a rule that takes all and one that takes nothing.
  const plain = expression.replaceAll(' ', '');
  if (plain === '1=1') return { kind: 'true' };
  if (plain === '1=0') return { kind: 'false' };
  return { kind: 'sql', expression, matches: parseSqlFilter(expression, parameters) };
}

/** Whether a rule with this filter takes the message. Throws a SqlError when its properties cannot be compared so. */
export function filterMatches(filter: RuleFilter, message: EncodedMessage, sql: SqlMessage): boolean {
  switch (filter.kind) {
    case 'true':
      return true;
    case 'false':
      return false;
    case 'sql':
      return filter.matches(sql);
    case 'correlation': {
      for (const [field, wanted] of Object.entries(filter.fields)) {
        if (message[field as TextField] !== wanted) return false;
      }
      const wantedProperties = Object.entries(filter.properties);
      if (wantedProperties.length === 0) return true;
      const properties = message.applicationProperties;
      return wantedProperties.every(([name, wanted]) => isSame(properties[name], wanted));
    }
  }
}

function isSame(value: unknown, wanted: unknown): boolean {
  return value instanceof Date && wanted instanceof Date
    ? value.getTime() === wanted.getTime()
    : value === wanted;
}
