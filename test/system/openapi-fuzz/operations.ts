/** As far as the service's document uses JSON Schema. */
export interface Schema {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly pattern?: string;
  readonly format?: string;
  readonly enum?: readonly string[];
  readonly 'x-max-decimals'?: number;
}

export interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required?: boolean;
  readonly example?: string;
  readonly schema: Schema;
}

export interface Operation {
  readonly id: string;
  readonly method: string;
  readonly path: string;
  readonly parameters: readonly Parameter[];
  /** Of its JSON body, if it has one. */
  readonly body: Schema | undefined;
  /** What may be answered: the schema of each media type, by status. */
  readonly responses: Readonly<Record<string, Readonly<Record<string, Schema>>>>;
}

interface Described {
  readonly operationId: string;
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: Content };
  readonly responses: Readonly<Record<string, { readonly content?: Content }>>;
}
type Content = Readonly<Record<string, { readonly schema: Schema }>>;

/** The operations of an OpenAPI document, each complete in itself: what it refers to stands where the reference was. */
export function operationsOf(document: object): Map<string, Operation> {
  const { paths } = resolved(document, document) as { paths: Record<string, Record<string, Described>> };
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, described]) => operationOf(path, method, described)),
  );
  return new Map(operations.map((operation) => [operation.id, operation]));
}

function operationOf(path: string, method: string, described: Described): Operation {
  const { operationId: id, parameters = [], requestBody, responses } = described;
  const answers = Object.entries(responses).map(
    ([status, { content = {} }]) =>
      [
        status,
        Object.fromEntries(Object.entries(content).map(([media, { schema }]) => [media, schema])),
      ] as const,
  );
  return {
    id,
    method: method.toUpperCase(),
    path,
    parameters,
    body: requestBody?.content['application/json']?.schema,
    responses: Object.fromEntries(answers),
  };
}

function resolved(node: unknown, document: object): unknown {
  if (typeof node !== 'object' || node === null) return node;
  if (Array.isArray(node)) return node.map((each) => resolved(each, document));
  if ('$ref' in node) {
    const names = String(node.$ref).slice('#/'.length).split('/');
    const target = names.reduce((at, name) => (at as Record<string, object>)[name] ?? {}, document);
    return resolved(target, document);
  }
  return Object.fromEntries(Object.entries(node).map(([name, value]) => [name, resolved(value, document)]));
}
