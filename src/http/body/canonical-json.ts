/**
 * The one text of a JSON value, whatever the order of its members and its white space were: RFC 8785,
 * https://www.rfc-editor.org/rfc/rfc8785. Takes what JSON.parse gives; recursive, so only for what a schema has bounded.
 */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join()}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, member]) => `${JSON.stringify(name)}:${canonicalJson(member)}`);
  return `{${members.join()}}`;
}
