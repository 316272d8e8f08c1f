import { type Static, type StringOptions, Type } from '@sinclair/typebox';

// Every list and text has a limit, so that the largest possible event stays well below what a broker takes in one message.

/**
 * Control characters are refused: PostgreSQL cannot store NUL, and the others have no place in an id or on an address label. A
 * class that regular expressions of other languages read as well, and those of JavaScript without the flag u.
 */
const NO_CONTROL_CHARACTERS = '^[^\\u0000-\\u001f\\u007f-\\u009f]*$';

/** A text with something to read in it. The format `readable` is ours: see src/http/text-format.ts. */
export const readableText = (maxLength: number, options: StringOptions) =>
  Type.String({ minLength: 1, maxLength, pattern: NO_CONTROL_CHARACTERS, format: 'readable', ...options });

/** One of these texts. */
export const oneOf = <const Texts extends readonly string[]>(texts: Texts) =>
  Type.Unsafe<Texts[number]>({ type: 'string', enum: [...texts], examples: [texts[0]] });

/** ISO 8601 in UTC, with milliseconds. */
export const instant = (example: string) => Type.String({ format: 'date-time', examples: [example] });

export const MAX_ITEMS = 100;

export const OrderId = Type.String({
  pattern: '^[0-9a-f]{32}$',
  description: 'A UUIDv7 without dashes',
  examples: ['0193c0ffee007abc8def0123456789ab'],
});
export const CustomerId = readableText(128, { examples: ['cust-123'] });
export const ProductId = readableText(128, { examples: ['prod-456'] });
export const MAX_REASON = 500;
export const CancelReason = readableText(MAX_REASON, { examples: ['Ordered twice'] });
/** Of a payment or a shipment, as who makes it calls it. */
export const foreignId = (example: string) => readableText(128, { examples: [example] });
/** Why something happened, as others say it: any text. `toReason` makes one of it that can be kept. */
export const foreignReason = (example: string) => Type.String({ examples: [example] });
export const Quantity = Type.Integer({ minimum: 1, maximum: 2_147_483_647, examples: [2] });

/** What NUMERIC(10,2) holds. `x-max-decimals` is ours: see src/http/validation.ts. */
export const Amount = Type.Number({
  minimum: 0,
  maximum: 99_999_999.99,
  'x-max-decimals': 2,
  description: 'An exact amount of money with at most two decimals',
  examples: [19.99],
});

export const Address = Type.Object(
  {
    street: readableText(200, { examples: ['123 Main St'] }),
    city: readableText(100, { examples: ['Springfield'] }),
    state: readableText(100, { examples: ['IL'] }),
    zipCode: readableText(20, { examples: ['62701'] }),
    country: readableText(100, { examples: ['USA'] }),
  },
  { title: 'Address', additionalProperties: false },
);
export type Address = Static<typeof Address>;
