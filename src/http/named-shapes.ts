import { isDeepStrictEqual } from 'node:util';

type Json = Record<string, unknown>;

/**
 * The same OpenAPI document, in which each schema with a title is a component of that name, and every place that has it refers
 * to it: a client that is generated gets a type of each. Throws when two different schemas have one title.
 */
export function nameShapes<D extends object>(document: D): D {
  const shapes: Record<string, Json> = {};
  const name = (node: unknown): unknown => {
    if (Array.isArray(node)) return node.map(name);
    if (typeof node !== 'object' || node === null) return node;
    const copy = Object.fromEntries(
      Object.entries(node).map(([key, value]) => [key, LITERAL.has(key) ? value : name(value)]),
    );
    const { title } = copy;
    if (typeof title !== 'string' || !isSchema(copy)) return copy;
    const known = shapes[title] ?? copy;
    if (!isDeepStrictEqual(withoutExamples(known), withoutExamples(copy)))
      throw new Error(`Two different schemas are called ${title}`);
    shapes[title] = { ...known, ...copy };
    return { $ref: `#/components/schemas/${title}` };
  };
  const { components = {}, ...rest } = name(document) as { components?: { schemas?: Json } };
  const schemas = { ...components.schemas, ...shapes };
  return { ...rest, components: { ...components, schemas } } as D;
}

/** Below these stand data, whatever they look like. */
const LITERAL = new Set(['example', 'examples', 'default', 'const', 'enum']);

/** @fastify/swagger takes them out of some places, such as parameters, and puts them beside. */
const withoutExamples = (schema: Json) => ({ ...schema, example: undefined, examples: undefined });

const isSchema = (node: Json) => 'type' in node || 'anyOf' in node;
