import type { EventType } from '../../messages/event-catalogue.ts';

export type JsonSchema = { readonly [keyword: string]: unknown };

/** The dialect of every schema that is served. */
export const DIALECT = 'https://json-schema.org/draft/2020-12/schema';

/** The same behind every address, as the types of problems are. */
export const schemaId = ({ type, major }: EventType) => `urn:order-service:schema:${type}:${major}`;

/**
 * What consumers may rely on, for any tool that reads JSON Schema: without keywords and formats of our own, and with room for
 * the members that a later version adds.
 */
export function publishedSchema({ type, summary, schema }: EventType): JsonSchema {
  return { title: type, description: summary, ...(open(schema) as JsonSchema) };
}

/** The same as a document of its own. */
export function schemaDocument(event: EventType): JsonSchema {
  return { $schema: DIALECT, $id: schemaId(event), ...publishedSchema(event) };
}

function open(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(open);
  if (typeof node !== 'object' || node === null) return node;
  const kept = Object.entries(node).filter(([keyword, value]) => !isOurs(keyword, value));
  return Object.fromEntries(
    kept.map(([keyword, value]) => [keyword, keyword === 'examples' ? value : open(value)]),
  );
}

function isOurs(keyword: string, value: unknown): boolean {
  if (keyword === 'format') return typeof value === 'string' && value !== 'date-time';
  return keyword === 'additionalProperties' || keyword === 'x-max-decimals';
}
