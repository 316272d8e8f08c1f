import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import type { Operation, Parameter, Schema } from './operations.ts';
import { mutationsOf, valuesOf } from './schema-values.ts';

/** What the document promises about a request: that it is taken, that it is refused, or neither. */
export type Promised = 'taken' | 'refused' | 'either';

export interface Attempt {
  readonly operation: string;
  readonly promised: Promised;
  /** Which of the orders that are there a path means; none of them when it is not there. */
  readonly order: number | undefined;
  readonly query: readonly [name: string, value: string][];
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
}

/** Parts of a request, and whether they keep to the document. */
type Part<T> = readonly [part: T, promised: Promised];

/** Requests to an operation, valid ones and others, half and half. */
export function attemptsAt(operation: Operation): fc.Arbitrary<Attempt> {
  const of = (place: Parameter['in']) => operation.parameters.filter((each) => each.in === place);
  const order = fc.option(fc.nat({ max: 30 }), { freq: 10, nil: undefined });
  return fc
    .tuple(order, queries(of('query')), headersOf(of('header')), bodies(operation.body))
    .map(([order, [query, ofQuery], [headers, ofHeaders], [body, ofBody]]) => ({
      operation: operation.id,
      promised: allOf([ofQuery, ofHeaders, ofBody]),
      order,
      query,
      headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
      body,
    }));
}

function allOf(parts: readonly Promised[]): Promised {
  if (parts.includes('refused')) return 'refused';
  return parts.includes('either') ? 'either' : 'taken';
}

function bodies(schema: Schema | undefined): fc.Arbitrary<Part<string | undefined>> {
  if (!schema) return fc.constant([undefined, 'taken']);
  const isValid = validatorOf(schema);
  const values = valuesOf(schema);
  const valid = values.map((value) => [JSON.stringify(value), 'taken'] as const);
  const mutated = mutationsOf(values).map((value) => {
    const text = JSON.stringify(value);
    return [text, isValid(JSON.parse(text)) ? 'either' : 'refused'] as const;
  });
  const cut = values.map((value) => [JSON.stringify(value).slice(0, -1), 'refused'] as const);
  return fc.oneof(
    { weight: 6, arbitrary: valid },
    { weight: 4, arbitrary: mutated },
    { weight: 1, arbitrary: cut },
  );
}

function queries(parameters: readonly Parameter[]): fc.Arbitrary<Part<[string, string][]>> {
  if (parameters.length === 0) return fc.constant([[], 'taken']);
  const schema = objectOf(parameters);
  const isValid = validatorOf(schema);
  const values = valuesOf(schema) as fc.Arbitrary<Record<string, unknown>>;
  const toPairs = (value: object) =>
    Object.entries(value).map(([name, each]) => [name, String(each)] as [string, string]);
  const valid = values.map((value) => [toPairs(value), 'taken'] as const);
  const mutated = fc
    .tuple(
      values,
      fc.constantFrom(...parameters.map(({ name }) => name), 'page', 'Limit'),
      fc.string({ unit: 'grapheme' }),
    )
    .map(([value, name, text]) => {
      const changed = { ...value, [name]: /^\d+$/.test(text) ? Number(text) : text };
      return [toPairs(changed), isValid(changed) ? 'either' : 'refused'] as const;
    });
  return fc.oneof({ weight: 2, arbitrary: valid }, { weight: 1, arbitrary: mutated });
}

/** Names that a query may have, of which the document alone knows no value: a cursor is an answer's. */
function objectOf(parameters: readonly Parameter[]): Schema {
  const known = parameters.filter(({ schema: { format } }) => format !== 'cursor');
  return {
    type: 'object',
    properties: Object.fromEntries(known.map(({ name, schema }) => [name, schema])),
    required: known.filter(({ required }) => required).map(({ name }) => name),
  };
}

const TOKEN = /^[!-~]{1,128}$/;
const junk = fc.string({ minLength: 1, maxLength: 140 }).map((text) => text.trim());

/** What the document says in words alone of a header: its valid values, and whether others are refused. */
const HEADERS: Readonly<Record<string, { values: fc.Arbitrary<string>; others: Promised }>> = {
  'X-Correlation-Id': { values: fc.stringMatching(TOKEN), others: 'either' },
  'X-User-Id': { values: fc.stringMatching(TOKEN), others: 'either' },
  'X-Request-Id': { values: fc.stringMatching(TOKEN), others: 'taken' },
  'Idempotency-Key': { values: fc.uuid(), others: 'either' },
  'If-Match': { values: fc.constantFrom('*', '"1"', '"2"', 'W/"1"', '"other", "1"'), others: 'either' },
  'If-None-Match': { values: fc.constantFrom('*', '"1"', '"2"', 'W/"1"'), others: 'taken' },
  traceparent: {
    values: fc.constant('00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'),
    others: 'taken',
  },
  tracestate: { values: fc.constant('rojo=00f067aa0ba902b7'), others: 'taken' },
};

function headersOf(parameters: readonly Parameter[]): fc.Arbitrary<Part<Record<string, string>>> {
  const each = parameters.map(({ name }) => {
    const { values, others } = HEADERS[name] ?? { values: junk, others: 'either' as const };
    const given = fc.oneof(
      { weight: 9, arbitrary: values.map((value) => [value, 'taken'] as Part<string>) },
      { weight: 1, arbitrary: junk.map((value) => [value, others] as Part<string>) },
    );
    return fc.option(given, { freq: 2, nil: undefined }).map((part) => [name, part] as const);
  });
  return fc.tuple(...each).map((all) => {
    const sent = all.flatMap(([name, part]) => (part ? [[name, ...part] as const] : []));
    return [
      Object.fromEntries(sent.map(([name, value]) => [name, value])),
      allOf(sent.map(([, , promised]) => promised)),
    ];
  });
}

/** Checks by the document alone. A format that is not of JSON Schema says nothing to it. */
export function validatorOf(schema: Schema): ValidateFunction {
  const ajv = new Ajv2020({ strict: false, logger: false, formats: { 'date-time': isDateTime } });
  ajv.addKeyword({
    keyword: 'x-max-decimals',
    type: 'number',
    validate: (decimals: number, value: number) => Number(value.toFixed(decimals)) === value,
  });
  // An object that does not say that it has room for more has none.
  return ajv.compile({ ...(schema.type === 'object' && { additionalProperties: false }), ...schema });
}

const isDateTime = (text: string) =>
  /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d/.test(text) && !Number.isNaN(Date.parse(text));
