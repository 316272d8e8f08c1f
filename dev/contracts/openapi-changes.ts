import { breakingChanges, type Schema } from './schema-changes.ts';

type Content = Readonly<Record<string, { readonly schema?: Schema }>>;

interface Answer {
  readonly content?: Content;
  readonly headers?: Readonly<Record<string, unknown>>;
}

interface Parameter {
  readonly in: string;
  readonly name: string;
  readonly required?: boolean;
  readonly schema?: Schema;
}

interface Operation {
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly required?: boolean; readonly content?: Content };
  readonly responses?: Readonly<Record<string, Answer>>;
}

/** As far as the comparison reads it. */
export interface OpenApiDocument {
  readonly info: { readonly version: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components?: { readonly schemas?: Readonly<Record<string, Schema>> };
}

/** What of a change of an OpenAPI document breaks its clients, in words. */
export function openApiChanges(before: OpenApiDocument, after: OpenApiDocument): string[] {
  const compare = comparison(before, after);
  return Object.entries(before.paths).flatMap(([path, operations]) =>
    Object.entries(operations).flatMap(([method, operation]) => {
      const place = `${method.toUpperCase()} ${path}`;
      const now = after.paths[path]?.[method];
      if (!now) return [`${place}: is gone`];
      return [
        ...parameterChanges(operation, now, place, compare),
        ...bodyChanges(operation, now, place, compare),
        ...answerChanges(operation, now, place, compare),
      ];
    }),
  );
}

type Compare = (
  direction: 'taken' | 'given',
  before: Schema | undefined,
  after: Schema | undefined,
  place: string,
) => string[];

function comparison(before: OpenApiDocument, after: OpenApiDocument): Compare {
  return (direction, one = {}, other = {}, place) =>
    breakingChanges({
      direction,
      before: one,
      after: other,
      place,
      resolveBefore: resolver(before),
      resolveAfter: resolver(after),
    });
}

const resolver = (document: OpenApiDocument) => (schema: Schema) =>
  schema.$ref === undefined ? schema : (document.components?.schemas?.[nameOf(schema.$ref)] ?? {});

const nameOf = (ref: string) => ref.slice('#/components/schemas/'.length);

function parameterChanges(before: Operation, after: Operation, place: string, compare: Compare): string[] {
  const key = (parameter: Parameter) => `${parameter.in} ${parameter.name}`;
  const byKey = (operation: Operation) =>
    new Map((operation.parameters ?? []).map((each) => [key(each), each]));
  const [known, now] = [byKey(before), byKey(after)];
  const added = [...now.keys()].filter((name) => now.get(name)?.required && !known.get(name)?.required);
  return [
    ...added.map((name) => `${place}: ${name} is required now`),
    ...[...known].flatMap(([name, parameter]) => {
      const other = now.get(name);
      if (!other) return [`${place}: ${name} is gone`];
      return compare('taken', parameter.schema, other.schema, `${place}: ${name}`);
    }),
  ];
}

function bodyChanges(before: Operation, after: Operation, place: string, compare: Compare): string[] {
  const [body, now] = [before.requestBody, after.requestBody];
  const required = now?.required && !body?.required ? [`${place}: its body is required now`] : [];
  return [...required, ...contentChanges('taken', body?.content, now?.content, `${place}: body`, compare)];
}

function answerChanges(before: Operation, after: Operation, place: string, compare: Compare): string[] {
  return Object.entries(before.responses ?? {}).flatMap(([status, answer]) => {
    const now = after.responses?.[status];
    if (!now) return [`${place}: ${status} is gone`];
    const headers = Object.keys(answer.headers ?? {}).filter((name) => !(name in (now.headers ?? {})));
    return [
      ...headers.map((name) => `${place}: ${status} header ${name} is gone`),
      ...contentChanges('given', answer.content, now.content, `${place}: ${status}`, compare),
    ];
  });
}

function contentChanges(
  direction: 'taken' | 'given',
  before: Content = {},
  after: Content = {},
  place: string,
  compare: Compare,
): string[] {
  return Object.entries(before).flatMap(([media, { schema }]) => {
    const now = after[media];
    return now ? compare(direction, schema, now.schema, place) : [`${place} ${media} is gone`];
  });
}
