export interface JsonNode {
  /** The names from the root, with slashes between them. */
  readonly path: string;
  readonly node: Readonly<Record<string, unknown>>;
}

/** Every object within a JSON document, its root first; not within examples, which are data. */
export function nodesOf(document: unknown, path = ''): JsonNode[] {
  if (typeof document !== 'object' || document === null) return [];
  const below = Object.entries(document).flatMap(([name, value]) =>
    name === 'example' || name === 'examples' ? [] : nodesOf(value, path === '' ? name : `${path}/${name}`),
  );
  return Array.isArray(document) ? below : [{ path, node: document as Record<string, unknown> }, ...below];
}
