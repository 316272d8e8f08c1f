import { limits } from '../limits.ts';
import { SqlError } from './sql-error.ts';
import type { SqlMessage } from './sql-message.ts';
import { SqlParser } from './sql-parser.ts';

/** Changes what is set in a message. Each statement sees what those before it have changed. */
export type SqlAction = (message: SqlMessage) => void;

/**
 * Reads an action such as `SET priority = 'high'; REMOVE note`. Throws a SqlError that says what is wrong.
 * https://learn.microsoft.com/azure/service-bus-messaging/service-bus-messaging-sql-rule-action
 */
export function parseSqlAction(sql: string): SqlAction {
  if (sql.length > limits.sqlCharacters.value) {
    throw new SqlError(`An action has at most ${limits.sqlCharacters.value} characters`);
  }
  const parser = new SqlParser(sql);
  const statements: SqlAction[] = [];
  do {
    statements.push(statement(parser));
    // Both stand between statements, and a semicolon after the last is allowed too.
    parser.symbol(';', ',');
  } while (!parser.atEnd);
  if (statements.length > limits.actionStatements.value) {
    throw new SqlError(`An action has at most ${limits.actionStatements.value} statements`);
  }
  return (message) => {
    for (const change of statements) change(message);
  };
}

function statement(parser: SqlParser): SqlAction {
  if (parser.keyword('REMOVE')) {
    const property = parser.property();
    return (message) => message.set(property, undefined);
  }
  if (!parser.keyword('SET')) throw new SqlError('An action is made of SET and REMOVE');
  const property = parser.property();
  parser.expect('=');
  const expression = parser.expression();
  return (message) => message.set(property, expression.evaluate(message));
}
