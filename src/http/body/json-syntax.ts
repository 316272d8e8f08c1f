/**
 * Where a text stops being JSON: the index of the first character that cannot stand there, its length when more was expected,
 * undefined when it is JSON. V8's own message names no position for some faults, and quotes the text, which holds addresses.
 * https://www.rfc-editor.org/rfc/rfc8259
 */
export function jsonFaultAt(text: string): number | undefined {
  const open: ('{' | '[')[] = [];
  let expected: Expected = 'value';
  for (let at = skip(WHITE_SPACE, text, 0); at < text.length; at = skip(WHITE_SPACE, text, at)) {
    const char = text.charAt(at);
    if (char === '}' || char === ']') {
      const isEmpty = expected === (char === '}' ? 'first name' : 'first value');
      if (open.at(-1) !== OPENED_BY[char] || !(isEmpty || expected === 'comma')) return at;
      open.pop();
      expected = after(open);
      at++;
    } else if (char === ',' && expected === 'comma') {
      expected = open.at(-1) === '{' ? 'name' : 'value';
      at++;
    } else if (char === ':' && expected === 'colon') {
      expected = 'value';
      at++;
    } else if (expected === 'name' || expected === 'first name') {
      if (char !== '"') return at;
      at = skip(STRING, text, at);
      if (text.charAt(at++) !== '"') return at - 1;
      expected = 'colon';
    } else if (expected !== 'value' && expected !== 'first value') {
      return at;
    } else if (char === '{' || char === '[') {
      open.push(char);
      expected = char === '{' ? 'first name' : 'first value';
      at++;
    } else if (char === '"') {
      at = skip(STRING, text, at);
      if (text.charAt(at++) !== '"') return at - 1;
      expected = after(open);
    } else {
      const end = skip(NUMBER_OR_WORD, text, at);
      if (end === at) return at;
      at = end;
      expected = after(open);
    }
  }
  return expected === 'end' ? undefined : text.length;
}

type Expected = 'value' | 'first value' | 'name' | 'first name' | 'colon' | 'comma' | 'end';

const OPENED_BY = { '}': '{', ']': '[' } as const;
const WHITE_SPACE = /[ \t\n\r]*/y;
const NUMBER_OR_WORD = /(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)?/y;
// Up to the closing quote, or to what cannot stand in a string.
const PLAIN = '[^"\\\\\\u0000-\\u001f]*';
const STRING = new RegExp(`"${PLAIN}(?:\\\\(?:["\\\\/bfnrt]|u[\\da-fA-F]{4})${PLAIN})*`, 'y');

const after = (open: readonly string[]): Expected => (open.length > 0 ? 'comma' : 'end');

function skip(what: RegExp, text: string, at: number): number {
  what.lastIndex = at;
  return what.test(text) ? what.lastIndex : at;
}
