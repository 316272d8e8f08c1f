import { Ajv, type SchemaObject } from 'ajv';
import type { FastifySchemaCompiler } from 'fastify';
import { hasAtMostTwoDecimals } from '../orders/money.ts';
import { queryValidator } from './query/query-validator.ts';
import { TEXT_FORMATS } from './text-format.ts';

// As it has to be for money and orders: nothing is coerced, filled in or dropped, and every fault is reported.
const ajv = new Ajv({
  allErrors: true,
  formats: { ...TEXT_FORMATS },
  keywords: [
    {
      keyword: 'x-max-decimals',
      type: 'number',
      metaSchema: { const: 2 },
      validate: (_maxDecimals: 2, amount: number) => hasAtMostTwoDecimals(amount),
      error: { message: 'must have at most two decimals' },
    },
  ],
});

/** A check by a schema of ours, strict: what it finds is in its `errors`. */
export const compileSchema = (schema: SchemaObject) => ajv.compile(schema);

/** Checks every part of a request by its schema. */
export const compileValidator: FastifySchemaCompiler<SchemaObject> = ({ schema, httpPart }) => {
  const validate = compileSchema(schema);
  return httpPart === 'querystring' ? queryValidator(schema, validate) : validate;
};
