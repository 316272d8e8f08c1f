import { SqlError } from './sql-error.ts';

/** A name may be in brackets or double quotes, and is then never a keyword. */
export type SqlToken =
  | {
      readonly kind: 'word' | 'name' | 'text' | 'parameter' | 'symbol';
      readonly text: string;
      readonly at: number;
    }
  | { readonly kind: 'number'; readonly text: string; readonly at: number };

const token =
  /\s*(?:(?<word>\p{L}[\p{L}\p{Nd}_]*)|\[(?<bracketed>(?:[^\]]|\]\])*)\]|"(?<quoted>(?:[^"]|"")*)"|'(?<text>(?:[^']|'')*)'|(?<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|@(?<parameter>[\p{L}_][\p{L}\p{Nd}_]*)|(?<symbol><>|!=|<=|>=|[=<>+\-*/%(),.;]))/uy;

/** Throws a SqlError at the first character that begins nothing. https://learn.microsoft.com/azure/service-bus-messaging/service-bus-messaging-sql-filter */
export function sqlTokens(sql: string): SqlToken[] {
  const tokens: SqlToken[] = [];
  const end = sql.trimEnd().length;
  token.lastIndex = 0;
  for (let at = 0; at < end; at = token.lastIndex) {
    const groups = token.exec(sql)?.groups;
    if (groups === undefined)
      throw new SqlError(`'${sql.slice(at).trimStart().slice(0, 10)}' is not understood`);
    const { word, bracketed, quoted, text, number, parameter, symbol } = groups;
    if (word !== undefined) tokens.push({ kind: 'word', text: word, at });
    else if (bracketed !== undefined)
      tokens.push({ kind: 'name', text: bracketed.replaceAll(']]', ']'), at });
    else if (quoted !== undefined) tokens.push({ kind: 'name', text: quoted.replaceAll('""', '"'), at });
    else if (text !== undefined) tokens.push({ kind: 'text', text: text.replaceAll("''", "'"), at });
    else if (number !== undefined) tokens.push({ kind: 'number', text: number, at });
    else if (parameter !== undefined) tokens.push({ kind: 'parameter', text: parameter, at });
    else if (symbol !== undefined) tokens.push({ kind: 'symbol', text: symbol, at });
  }
  return tokens;
}
