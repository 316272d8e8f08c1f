import { SqlError } from './sql-error.ts';

/** A whole number is a bigint, any other a number, as the service keeps them apart. Undefined is unknown, or null. */
export type SqlValue = string | bigint | number | boolean | Date | undefined;

/** A property of a message or a parameter as the filter language sees it. */
export function sqlValue(value: unknown): SqlValue {
  if (value === null || value === undefined) return undefined;
  if (typeof value === 'number') return Number.isInteger(value) ? BigInt(value) : value;
  if (typeof value === 'string' || typeof value === 'boolean' || typeof value === 'bigint') return value;
  if (value instanceof Date) return value;
  // rhea gives a 64-bit number that a double cannot hold as bytes.
  if (Buffer.isBuffer(value) && value.length === 8) return value.readBigInt64BE();
  throw new SqlError('A property of this type cannot be compared');
}

export type Comparison = '=' | '<>' | '!=' | '<' | '<=' | '>' | '>=';

/** Unknown when one side is. Throws a SqlError for two types that C# would not compare. */
export function compare(operator: Comparison, left: SqlValue, right: SqlValue): boolean | undefined {
  if (left === undefined || right === undefined) return undefined;
  const ordered = isNumber(left) && isNumber(right);
  if (left instanceof Date && right instanceof Date)
    return compareOrdered(operator, left.getTime(), right.getTime());
  if (ordered) return compareOrdered(operator, left, right);
  const sameType = typeof left === typeof right && !(left instanceof Date) && !(right instanceof Date);
  if (sameType && operator === '=') return left === right;
  if (sameType && (operator === '<>' || operator === '!=')) return left !== right;
  throw new SqlError(`${typeName(left)} ${operator} ${typeName(right)} cannot be evaluated`);
}

export type Arithmetic = '+' | '-' | '*' | '/' | '%';

/** Unknown when one side is; whole numbers are divided without a rest, as in C#. */
export function calculate(operator: Arithmetic, left: SqlValue, right: SqlValue): SqlValue {
  if (left === undefined || right === undefined) return undefined;
  if (operator === '+' && typeof left === 'string' && typeof right === 'string') return left + right;
  if (!isNumber(left) || !isNumber(right)) {
    throw new SqlError(`${typeName(left)} ${operator} ${typeName(right)} cannot be evaluated`);
  }
  if (typeof left === 'bigint' && typeof right === 'bigint') {
    if (right === 0n && (operator === '/' || operator === '%')) throw new SqlError('A division by zero');
    return apply(operator, left, right) as bigint;
  }
  return apply(operator, Number(left), Number(right)) as number;
}

function apply(operator: Arithmetic, left: bigint | number, right: bigint | number): bigint | number {
  // Both are of one type here, which the compiler cannot know.
  const [a, b] = [left as number, right as number];
  switch (operator) {
    case '+':
      return a + b;
    case '-':
      return a - b;
    case '*':
      return a * b;
    case '/':
      return a / b;
    case '%':
      return a % b;
  }
}

function compareOrdered(operator: Comparison, left: bigint | number, right: bigint | number): boolean {
  switch (operator) {
    case '=':
      return isEqual(left, right);
    case '<>':
    case '!=':
      return !isEqual(left, right);
    case '<':
      return left < right;
    case '<=':
      return left <= right;
    case '>':
      return left > right;
    case '>=':
      return left >= right;
  }
}

/** A whole number may equal one that is not of its type. */
function isEqual(left: bigint | number, right: bigint | number): boolean {
  return left <= right && left >= right;
}

function isNumber(value: SqlValue): value is bigint | number {
  return typeof value === 'bigint' || typeof value === 'number';
}

function typeName(value: SqlValue): string {
  if (value instanceof Date) return 'DateTime';
  return { string: 'String', bigint: 'Int64', number: 'Double', boolean: 'Boolean' }[
    typeof value as 'string'
  ];
}
