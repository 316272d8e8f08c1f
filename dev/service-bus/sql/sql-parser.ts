import { limits } from '../limits.ts';
import { likePattern } from './like-pattern.ts';
import { SqlError } from './sql-error.ts';
import { type SqlProperty, sqlProperty } from './sql-message.ts';
import {
  asCondition,
  asValue,
  calculation,
  combined,
  negated,
  requireCondition,
  type Sql,
} from './sql-part.ts';
import { type SqlToken, sqlTokens } from './sql-tokens.ts';
import { type Arithmetic, type Comparison, compare, type SqlValue, sqlValue } from './sql-value.ts';
import { and, or } from './three-valued.ts';

export type SqlParameters = Readonly<Record<string, unknown>>;

const keywords = /^(and|or|not|in|like|escape|is|null|exists|true|false|set|remove)$/i;
/** The parser recurses: a text of open parentheses alone must not end the stack. */
const deepest = 100;
const comparisons = ['=', '<>', '!=', '<', '<=', '>', '>='];

/** Reads one text of the filter language from left to right. Every method throws a SqlError that says what is wrong. */
export class SqlParser {
  readonly #tokens: readonly SqlToken[];
  readonly #parameters: SqlParameters;
  #next = 0;
  #depth = 0;

  constructor(sql: string, parameters: SqlParameters = {}) {
    this.#tokens = sqlTokens(sql);
    this.#parameters = parameters;
  }

  condition(): Sql {
    return requireCondition(this.#either());
  }

  expression(): Sql {
    const expression = this.#sum();
    if (expression.isCondition) throw new SqlError('A condition stands where a value is expected');
    return expression;
  }

  property(): SqlProperty {
    const first = this.#name();
    if (first === undefined) throw this.#unexpected('a property');
    if (!this.symbol('.')) return sqlProperty('user', first);
    const second = this.#name();
    if (second === undefined) throw this.#unexpected('a property');
    return sqlProperty(first, second);
  }

  /** Takes the keyword when it is next. */
  keyword(word: string): boolean {
    const token = this.#tokens[this.#next];
    if (token?.kind !== 'word' || token.text.toUpperCase() !== word) return false;
    this.#next++;
    return true;
  }

  /** Takes the sign when it is next. */
  symbol(...signs: readonly string[]): string | undefined {
    const token = this.#tokens[this.#next];
    if (token?.kind !== 'symbol' || !signs.includes(token.text)) return undefined;
    this.#next++;
    return token.text;
  }

  get atEnd(): boolean {
    return this.#next === this.#tokens.length;
  }

  end(): void {
    if (!this.atEnd) throw this.#unexpected('the end');
  }

  expect(sign: string): void {
    if (!this.symbol(sign)) throw this.#unexpected(`'${sign}'`);
  }

  // What stands in parentheses may be a condition or a value, so each of these may return either, and asks for a
  // condition only where it needs one.

  #either(): Sql {
    let left = this.#both();
    while (this.keyword('OR')) left = combined(or, left, this.#both());
    return left;
  }

  #both(): Sql {
    let left = this.#not();
    while (this.keyword('AND')) left = combined(and, left, this.#not());
    return left;
  }

  #not(): Sql {
    return this.keyword('NOT') ? negated(this.#not()) : this.#predicate();
  }

  #predicate(): Sql {
    if (this.keyword('EXISTS')) {
      this.expect('(');
      const property = this.property();
      this.expect(')');
      return asCondition((message) => message.has(property));
    }
    const left = this.#sum();
    if (left.isCondition) return left;
    const operator = this.symbol(...comparisons) as Comparison | undefined;
    if (operator !== undefined) {
      const right = this.expression();
      return asCondition((message) => compare(operator, left.evaluate(message), right.evaluate(message)));
    }
    if (this.keyword('IS')) {
      const isNegated = this.keyword('NOT');
      if (!this.keyword('NULL')) throw this.#unexpected('NULL');
      return asCondition((message) => (left.evaluate(message) === undefined) !== isNegated);
    }
    const isNegated = this.keyword('NOT');
    const found = this.keyword('IN') ? this.#in(left) : this.keyword('LIKE') ? this.#like(left) : undefined;
    if (found === undefined) {
      if (isNegated) throw this.#unexpected('IN or LIKE');
      return left;
    }
    return isNegated ? negated(found) : found;
  }

  #in(left: Sql): Sql {
    this.expect('(');
    const choices = [this.expression()];
    while (this.symbol(',')) choices.push(this.expression());
    this.expect(')');
    return asCondition((message) => {
      const value = left.evaluate(message);
      if (value === undefined) return undefined;
      return choices.map((choice) => compare('=', value, choice.evaluate(message))).reduce(or, false);
    });
  }

  #like(left: Sql): Sql {
    const pattern = this.expression();
    const escapeBy = this.keyword('ESCAPE') ? this.expression() : undefined;
    return asCondition((message) => {
      const [text, form, by] = [left, pattern, escapeBy].map((part) => part?.evaluate(message));
      if (text === undefined || form === undefined || (escapeBy !== undefined && by === undefined))
        return undefined;
      if (typeof text !== 'string') throw new SqlError('LIKE is for texts');
      return likePattern(form, by).test(text);
    });
  }

  #sum(): Sql {
    let left = this.#product();
    for (let operator = this.symbol('+', '-'); operator; operator = this.symbol('+', '-')) {
      left = calculation(operator as Arithmetic, left, this.#product());
    }
    return left;
  }

  #product(): Sql {
    let left = this.#unary();
    for (let operator = this.symbol('*', '/', '%'); operator; operator = this.symbol('*', '/', '%')) {
      left = calculation(operator as Arithmetic, left, this.#unary());
    }
    return left;
  }

  #unary(): Sql {
    const sign = this.symbol('+', '-');
    if (sign === undefined) return this.#operand();
    return calculation(
      sign as '+' | '-',
      asValue(() => 0n),
      this.#unary(),
    );
  }

  #operand(): Sql {
    if (this.symbol('(')) return this.#parenthesized();
    for (const [word, literal] of [
      ['TRUE', true],
      ['FALSE', false],
      ['NULL', undefined],
    ] as const) {
      if (this.keyword(word)) return asValue(() => literal);
    }
    const token = this.#tokens[this.#next];
    if (token?.kind === 'text' || token?.kind === 'number' || token?.kind === 'parameter') {
      this.#next++;
      const constant = this.#constant(token);
      return asValue(() => constant);
    }
    const property = this.property();
    if (this.symbol('(')) throw new SqlError('Functions are not supported by this broker');
    return asValue((message) => message.get(property));
  }

  #parenthesized(): Sql {
    if (++this.#depth > deepest) throw new SqlError(`More than ${deepest} parentheses stand in each other`);
    const inner = this.#either();
    this.expect(')');
    this.#depth--;
    return inner;
  }

  #constant({ kind, text }: SqlToken): SqlValue {
    if (kind === 'text') return text;
    if (kind === 'parameter') {
      const name = [text, `@${text}`].find((each) => Object.hasOwn(this.#parameters, each));
      if (name === undefined) throw new SqlError(`The parameter @${text} is not given`);
      return sqlValue(this.#parameters[name]);
    }
    if (/[.e]/i.test(text)) return Number(text);
    if (BigInt(text) > limits.sqlInteger.value) throw new SqlError(`${text} is too large for a whole number`);
    return BigInt(text);
  }

  #name(): string | undefined {
    const token = this.#tokens[this.#next];
    if (token?.kind !== 'name' && (token?.kind !== 'word' || keywords.test(token.text))) return undefined;
    this.#next++;
    return token.text;
  }

  #unexpected(wanted: string): SqlError {
    const token = this.#tokens[this.#next];
    return new SqlError(
      `${token === undefined ? 'The end' : `'${token.text}'`} stands where ${wanted} is expected`,
    );
  }
}
