import fc from 'fast-check';
import type { Schema } from './operations.ts';

const FIRST = new Date('0001-01-01T00:00:00Z');
const LAST = new Date('9999-12-31T23:59:59.999Z');
const LARGEST_INTEGER = 2 ** 31 - 1;
const SMALL = 50;
const FREE_TEXT_LENGTH = 60;

/** Values that keep to a schema, with its bounds among them more often than by chance. */
export function valuesOf(schema: Schema): fc.Arbitrary<unknown> {
  if (schema.enum) return fc.constantFrom(...schema.enum);
  switch (schema.type ?? '') {
    case 'object': {
      const { properties = {}, required = [] } = schema;
      const members = Object.fromEntries(
        Object.entries(properties).map(([name, each]) => [name, valuesOf(each)]),
      );
      return fc.record(members, { requiredKeys: [...required] });
    }
    case 'array':
      return fc.array(valuesOf(schema.items ?? {}), {
        minLength: schema.minItems ?? 0,
        maxLength: schema.maxItems ?? 10,
      });
    case 'integer':
      return numbers({ ...schema, 'x-max-decimals': 0 });
    case 'number':
      return numbers(schema);
    case 'string':
      return texts(schema);
    default:
      throw new Error(`No values are known of ${JSON.stringify(schema)}`);
  }
}

/** Small ones nine times out of ten: of large ones alone, every total would be too large. */
function numbers({ minimum = 0, maximum = LARGEST_INTEGER, 'x-max-decimals': decimals = 0 }: Schema) {
  const scale = 10 ** decimals;
  const [min, max] = [BigInt(Math.round(minimum * scale)), BigInt(Math.round(maximum * scale))];
  const small = fc.bigInt({ min, max: BigInt(Math.min(Number(max), Number(min) + SMALL * scale)) });
  return fc
    .oneof({ weight: 9, arbitrary: small }, fc.bigInt({ min, max }))
    .map((scaled) => Number(scaled) / scale);
}

/** Of every script. Each has a letter or a digit: without one, a format of the service's own may call it unreadable. */
function texts({
  pattern,
  format,
  minLength = 0,
  maxLength = FREE_TEXT_LENGTH,
}: Schema): fc.Arbitrary<string> {
  if (format === 'date-time')
    return fc.date({ min: FIRST, max: LAST, noInvalidDate: true }).map((date) => date.toISOString());
  const fits = new RegExp(pattern ?? '');
  const unit = fc.oneof(
    fc.string({ unit: 'grapheme', minLength: 1, maxLength: 1 }),
    fc.string({ minLength: 1, maxLength: 1 }),
  );
  const free = fc
    .array(unit, { minLength, maxLength, size: '+1' })
    .map((units) => [...(/[a-z\d]/i.test(units.join('')) ? units : ['a', ...units])].join(''))
    .map((text) => Array.from(text).slice(0, maxLength).join(''))
    .filter((text) => fits.test(text) && Array.from(text).length >= minLength);
  return pattern?.startsWith('^[') && !pattern.startsWith('^[^') ? fc.stringMatching(fits) : free;
}

type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

/** The same value with one thing changed: a member that is gone, is new, or has another value. It may still keep to the schema. */
export function mutationsOf(values: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  const another = fc.oneof(fc.constantFrom(...HOSTILE), fc.jsonValue() as fc.Arbitrary<Json>);
  const name = fc.oneof(
    fc.constantFrom('constructor', 'toString', 'orderId', ''),
    fc.string({ maxLength: 8 }),
  );
  return fc
    .tuple(values as fc.Arbitrary<Json>, fc.nat(), fc.constantFrom('replace', 'remove', 'add'), another, name)
    .map(([value, at, how, other, member]) => {
      const copy = structuredClone({ root: value });
      const places = placesIn(copy.root, copy, 'root');
      const { holder, key } = places[at % places.length] as Place;
      const here = holder[key];
      if (how === 'remove' && holder !== (copy as Holder)) removeFrom(holder, key);
      else if (how === 'add' && Array.isArray(here)) here.push(other);
      else if (how === 'add' && typeof here === 'object' && here !== null) (here as Holder)[member] = other;
      else holder[key] = other;
      return copy.root;
    });
}

type Holder = { [name: string]: Json };
interface Place {
  readonly holder: Holder;
  readonly key: string;
}

function placesIn(value: Json, holder: object, key: string): Place[] {
  const below = typeof value === 'object' && value !== null ? Object.entries(value) : [];
  const deeper = below.flatMap(([name, each]) => placesIn(each as Json, value as object, name));
  return [{ holder: holder as Holder, key }, ...deeper];
}

function removeFrom(holder: Holder | Json[], key: string): void {
  if (Array.isArray(holder)) holder.splice(Number(key), 1);
  else delete holder[key];
}

const HOSTILE: readonly Json[] = [
  '',
  ' ',
  '\u0000',
  '\ud800',
  '\u200b',
  'x'.repeat(600),
  "'; DROP TABLE orders; --",
  -1,
  0,
  0.001,
  1e300,
  2 ** 31,
  Number.MAX_SAFE_INTEGER,
  100_000_000,
  [],
  {},
  null,
  true,
  '1',
  '2024-02-31T00:00:00Z',
];
