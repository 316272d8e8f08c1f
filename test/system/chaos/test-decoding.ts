const COLUMN = /(\w+|"[^"]*")\[([^\]]*)\]:(?:'([^']*(?:''[^']*)*)'|([^'\s]\S*))(?: |$)/gy;

/**
 * The columns of a line that PostgreSQL's test_decoding wrote about an insert, or undefined for any other line; nulls are
 * left out. Throws for a line that does not end where its last column does: half a truth is none.
 * https://www.postgresql.org/docs/current/test-decoding.html
 */
export function insertedColumns(line: string, table: string): Map<string, string> | undefined {
  const head = `table ${table}: INSERT: `;
  if (!line.startsWith(head)) return undefined;
  const columns = new Map<string, string>();
  COLUMN.lastIndex = head.length;
  let end = head.length;
  for (let found = COLUMN.exec(line); found; found = COLUMN.exec(line)) {
    const [, name = '', , quoted, bare] = found;
    if (quoted !== undefined) columns.set(name, quoted.replaceAll("''", "'"));
    else if (bare !== undefined && bare !== 'null') columns.set(name, bare);
    end = COLUMN.lastIndex;
  }
  if (end !== line.length)
    throw new Error(`test_decoding wrote what cannot be read: ${line.slice(end, end + 100)}`);
  return columns;
}
