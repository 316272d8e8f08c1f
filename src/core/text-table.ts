const LONGEST_CELL = 100;

type Cell = string | number | null;

/** Columns under their names, as wide as what is in them; a long text is cut. */
export function textTable(names: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const lines = [names, ...rows.map((row) => row.map(toCell))];
  const widths = names.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  return lines
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function toCell(value: Cell): string {
  const text = String(value ?? '-').replaceAll(/\s+/g, ' ');
  return text.length > LONGEST_CELL ? `${text.slice(0, LONGEST_CELL - 3)}...` : text;
}
