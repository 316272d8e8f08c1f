import { Type } from '@sinclair/typebox';
import { ApiError } from '../../api-error.ts';
import type { Fault } from '../../core/errors.ts';
import { CustomerId, READABLE_TEXT } from '../../messages/order-fields.ts';
import type { OrderPlace, OrderQuery } from '../../orders/order-query.ts';

const MAX_LIMIT = 100;
const DEFAULT_LIMIT = 20;
const LONGEST_NAME_SHOWN = 100;
const FIRST = Date.parse('0001-01-01T00:00:00Z');
const LAST = Date.parse('9999-12-31T23:59:59.999Z');

/** Documents the parameters of a list of orders; `readOrderQuery` is what checks them, for every value in a URL is a text. */
export const OrderQueryString = Type.Object({
  customerId: Type.Optional(CustomerId),
  status: Type.Optional(Type.String({ maxLength: 50, examples: ['Pending'] })),
  createdAfter: Type.Optional(instantParameter('Created later than this')),
  createdBefore: Type.Optional(instantParameter('Created earlier than this')),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: MAX_LIMIT, default: DEFAULT_LIMIT })),
  cursor: Type.Optional(Type.String({ description: 'The `next` of the page before, as it was' })),
});

function instantParameter(description: string) {
  return Type.String({ format: 'date-time', description, examples: ['2024-12-12T10:30:00.000Z'] });
}

const readable = new RegExp(READABLE_TEXT, 'u');
const text = (longest: number) => (value: string) =>
  value.length > 0 && Array.from(value).length <= longest && readable.test(value) ? value : undefined;

const WANTED = {
  customerId: 'must be 1 to 128 readable characters',
  status: 'must be 1 to 50 readable characters',
  createdAfter: 'must be a date and time with its offset from UTC',
  createdBefore: 'must be a date and time with its offset from UTC',
  limit: `must be a whole number from 1 to ${MAX_LIMIT}`,
  cursor: 'must be the "next" of an answer, as it was',
};

/** What a query string asks for. Throws REQUEST_INVALID that names every parameter that is wrong, unknown or there twice. */
export function readOrderQuery(query: object): OrderQuery {
  const faults: Fault[] = Object.keys(query)
    .filter((name) => !Object.hasOwn(WANTED, name))
    .map((name) => fault(name.length > LONGEST_NAME_SHOWN ? 'a parameter' : name, 'is not known here'));
  const read = <T>(name: keyof typeof WANTED, parse: (value: string) => T | undefined): T | undefined => {
    const value: unknown = (query as Record<string, unknown>)[name];
    if (value === undefined) return undefined;
    const parsed = typeof value === 'string' ? parse(value) : undefined;
    if (parsed === undefined) {
      faults.push(fault(name, Array.isArray(value) ? 'must be there once' : WANTED[name]));
    }
    return parsed;
  };
  const asked: OrderQuery = {
    customerId: read('customerId', text(128)),
    status: read('status', text(50)),
    createdAfter: read('createdAfter', readInstant),
    createdBefore: read('createdBefore', readInstant),
    limit: read('limit', readLimit) ?? DEFAULT_LIMIT,
    after: read('cursor', readCursor),
  };
  if (faults.length > 0) throw new ApiError('REQUEST_INVALID', 'The query is not valid', { faults });
  return asked;
}

/** The place as a text that says nothing to a client and is safe in a URL. */
export function cursorOf({ createdAt, orderId }: OrderPlace): string {
  return Buffer.from(`${createdAt.getTime()}.${orderId}`).toString('base64url');
}

function readCursor(cursor: string): OrderPlace | undefined {
  const [, time, orderId = ''] =
    /^(-?\d{1,15})\.([^\p{Cc}\p{Cs}]{1,200})$/u.exec(Buffer.from(cursor, 'base64url').toString()) ?? [];
  const createdAt = storable(new Date(Number(time)));
  if (!createdAt) return undefined;
  const place = { createdAt, orderId };
  // The decoder takes much that it would never write.
  return cursorOf(place) === cursor ? place : undefined;
}

/** RFC 3339. A space for "+", which is what a URL makes of it, is taken for one. */
function readInstant(value: string): Date | undefined {
  const [, date, time, offset] =
    /^(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d:\d\d(?:\.\d{1,9})?)([Zz]|[+ -]\d\d:\d\d)$/.exec(value) ?? [];
  if (!date || !time || !offset) return undefined;
  // JavaScript would take the 31st of February for the 3rd of March.
  const midnight = new Date(`${date}T00:00:00Z`);
  if (Number.isNaN(midnight.getTime()) || !midnight.toISOString().startsWith(date)) return undefined;
  return storable(new Date(`${date}T${time}${offset.toUpperCase().replace(' ', '+')}`));
}

/** A date that both JavaScript and PostgreSQL know, with a year of four digits. */
function storable(date: Date): Date | undefined {
  const time = date.getTime();
  return time >= FIRST && time <= LAST ? date : undefined;
}

function readLimit(value: string): number | undefined {
  const limit = /^[1-9]\d{0,2}$/.test(value) ? Number(value) : Number.NaN;
  return limit <= MAX_LIMIT ? limit : undefined;
}

// A parameter is no field of the body, hence the empty pointer.
const fault = (name: string, detail: string): Fault => ({ pointer: '', detail: `${name} ${detail}` });
