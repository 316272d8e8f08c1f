/** A JSON Schema, as far as the comparison knows it: types, members, items, alternatives, values, limits, patterns and formats. */
export interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly additionalProperties?: boolean | Schema;
  readonly [keyword: string]: unknown;
}

export interface Compared {
  /** `taken`: others write the value and we read it, as a request. `given`: we write it and others read it, as an answer or an event. */
  readonly direction: 'taken' | 'given';
  readonly before: Schema;
  readonly after: Schema;
  /** What the changes are told with: the place of the value. */
  readonly place: string;
  /** The schema that a reference of `before` or `after` leads to. */
  readonly resolveBefore?: (schema: Schema) => Schema;
  readonly resolveAfter?: (schema: Schema) => Schema;
}

const UPPER = ['maximum', 'maxLength', 'maxItems'] as const;
const LOWER = ['minimum', 'minLength', 'minItems'] as const;

const asItIs = (schema: Schema) => schema;

/**
 * What of a change of a schema breaks those on the other side, in words; empty if nothing does. Whatever is written must be what
 * the reader was promised. A member that is added is none: readers ignore what they do not know.
 */
export function breakingChanges(compared: Compared): string[] {
  const { direction, place, resolveBefore = asItIs, resolveAfter = asItIs } = compared;
  const before = withValues(resolveBefore(compared.before));
  const after = withValues(resolveAfter(compared.after));
  const [writer, reader] = direction === 'taken' ? [before, after] : [after, before];
  const below = (one: Schema, other: Schema, where: string) =>
    breakingChanges({ ...compared, before: one, after: other, place: where });
  const alternatives = writer.anyOf ?? writer.oneOf ?? reader.anyOf ?? reader.oneOf;
  if (alternatives) return unreadAlternatives(before, after, direction, below, place);
  return [
    ...typeChanges(writer, reader, place),
    ...valueChanges(writer, reader, place),
    ...limitChanges(writer, reader, place),
    ...(reader.required ?? [])
      .filter((name) => !writer.required?.includes(name))
      .map((name) => `${place}.${name}: ${direction === 'taken' ? 'is required now' : 'may be missing now'}`),
    ...Object.entries(before.properties ?? {}).flatMap(([name, schema]) => {
      const now = after.properties?.[name];
      return now ? below(schema, now, `${place}.${name}`) : [`${place}.${name}: is gone`];
    }),
    ...(before.items && after.items ? below(before.items, after.items, `${place}[]`) : []),
  ];
}

/** Alternatives that are values are one enum. */
function withValues(schema: Schema): Schema {
  const { anyOf, oneOf, ...rest } = schema;
  const values = (anyOf ?? oneOf)?.map(valuesOf);
  return values?.every((each) => each !== undefined) ? { ...rest, enum: values.flat() } : schema;
}

/** Each alternative of the writer must be one that the reader knows. */
function unreadAlternatives(
  before: Schema,
  after: Schema,
  direction: Compared['direction'],
  below: (before: Schema, after: Schema, place: string) => string[],
  place: string,
): string[] {
  const of = (schema: Schema) => schema.anyOf ?? schema.oneOf ?? [schema];
  const isRead = (written: Schema, read: Schema) =>
    (direction === 'taken' ? below(written, read, place) : below(read, written, place)).length === 0;
  const [writers, readers] = direction === 'taken' ? [of(before), of(after)] : [of(after), of(before)];
  return writers.every((written) => readers.some((read) => isRead(written, read)))
    ? []
    : [`${place}: its alternatives are others now`];
}

function typeChanges(writer: Schema, reader: Schema, place: string): string[] {
  const allowed = typesOf(reader);
  if (!allowed) return [];
  const isRead = (type: string) =>
    allowed.includes(type) || (type === 'integer' && allowed.includes('number'));
  return typesOf(writer)?.every(isRead) ? [] : [`${place}: its type is another now`];
}

function typesOf({ type, enum: values }: Schema): readonly string[] | undefined {
  if (type !== undefined) return typeof type === 'string' ? [type] : type;
  return values && [...new Set(values.map((value) => typeof value))];
}

function valueChanges(writer: Schema, reader: Schema, place: string): string[] {
  const allowed = valuesOf(reader);
  if (!allowed) return [];
  return valuesOf(writer)?.every((value) => allowed.includes(value))
    ? []
    : [`${place}: its values are others now`];
}

const valuesOf = ({ enum: values, const: only }: Schema) =>
  values ?? (only === undefined ? undefined : [only]);

function limitChanges(writer: Schema, reader: Schema, place: string): string[] {
  const number = (schema: Schema, keyword: string, otherwise: number) =>
    typeof schema[keyword] === 'number' ? schema[keyword] : otherwise;
  const broken = [
    ...UPPER.filter((keyword) => number(writer, keyword, Infinity) > number(reader, keyword, Infinity)),
    ...LOWER.filter((keyword) => number(writer, keyword, -Infinity) < number(reader, keyword, -Infinity)),
    // Nobody can tell which of two patterns takes more.
    ...(reader['pattern'] !== undefined && writer['pattern'] === undefined ? ['pattern'] : []),
    ...(reader['format'] !== undefined && reader['format'] !== writer['format'] ? ['format'] : []),
  ];
  return broken.map((keyword) => `${place}: its ${keyword} is another now`);
}
