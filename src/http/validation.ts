import { Ajv, type SchemaObject } from 'ajv';
import type { FastifySchemaCompiler } from 'fastify';
import { hasAtMostTwoDecimals } from '../orders/money.ts';
import { TEXT_FORMATS } from './text-format.ts';

// As it has to be for money and orders: nothing is coerced, filled in or dropped, and every fault is reported.
const ajv = new Ajv({
  allErrors: true,
  formats: { ...TEXT_FORMATS },
  keywords: [
    {
      keyword: 'maxDecimals',
      type: 'number',
      metaSchema: { const: 2 },
      validate: (_maxDecimals: 2, amount: number) => hasAtMostTwoDecimals(amount),
      error: { message: 'must have at most two decimals' },
    },
  ],
});

/** Checks every part of a request by its schema, strictly. Everything in a query is a text: there, whole numbers are read first. */
export const compileValidator: FastifySchemaCompiler<SchemaObject> = ({ schema, httpPart }) => {
  const validate = ajv.compile(schema);
  if (httpPart !== 'querystring') return validate;
  const names = integersOf(schema);
  return (query: Record<string, unknown>) => {
    readIntegers(query, names);
    return validate(query) ? { value: query } : { error: validate.errors ?? [] };
  };
};

const integersOf = ({ properties }: SchemaObject): string[] =>
  Object.entries<SchemaObject>(properties).flatMap(([name, { type }]) => (type === 'integer' ? name : []));

const WHOLE_NUMBER = /^(0|[1-9]\d*)$/;

/** Ajv could do this, but takes "1e1", "0x10" and " 5" for numbers too. */
function readIntegers(query: Record<string, unknown>, names: readonly string[]): void {
  for (const name of names) {
    const text = query[name];
    if (typeof text === 'string' && WHOLE_NUMBER.test(text)) query[name] = Number(text);
  }
}
