import { SqlError } from './sql-error.ts';
import type { SqlMessage } from './sql-message.ts';
import { type Arithmetic, calculate, type SqlValue } from './sql-value.ts';
import { type and, not, type Truth } from './three-valued.ts';

/** A part of a filter or an action, to be evaluated for a message. Only a condition may be combined by AND, OR and NOT. */
export interface Sql {
  readonly isCondition: boolean;
  evaluate(message: SqlMessage): SqlValue;
}

export function asValue(evaluate: (message: SqlMessage) => SqlValue): Sql {
  return { isCondition: false, evaluate };
}

export function calculation(operator: Arithmetic, left: Sql, right: Sql): Sql {
  if (left.isCondition || right.isCondition) {
    throw new SqlError('A condition stands where a value is expected');
  }
  return asValue((message) => calculate(operator, left.evaluate(message), right.evaluate(message)));
}

export function combined(by: typeof and, left: Sql, right: Sql): Sql {
  const [first, second] = [requireCondition(left), requireCondition(right)];
  return asCondition((message) => by(truth(first, message), truth(second, message)));
}

export function negated(sql: Sql): Sql {
  const condition = requireCondition(sql);
  return asCondition((message) => not(truth(condition, message)));
}

export function requireCondition(sql: Sql): Sql {
  if (!sql.isCondition) throw new SqlError('A value stands where a condition is expected');
  return sql;
}

function truth(condition: Sql, message: SqlMessage): Truth {
  return condition.evaluate(message) as Truth;
}

export function asCondition(evaluate: (message: SqlMessage) => Truth): Sql {
  return { isCondition: true, evaluate };
}
