export interface JsonFault {
  /** The index of the character that V8 stumbles over; the text's length when more was expected. */
  readonly at: number | undefined;
}

// To look for a place in a longer text would hold up all other requests.
const LONGEST_SEARCHED = 65_536;

/**
 * Where a text stops being JSON, undefined when it is JSON. Only the place is taken from V8's message: the message itself may
 * quote the text, and that holds addresses. V8 names no place for a character where a value has to be; that is looked for, and
 * not told of a text over 64 KB.
 */
export function jsonFault(text: string): JsonFault | undefined {
  const message = refusalOf(text);
  if (message === undefined) return undefined;
  const [, named] = /JSON at position (\d+)(?: \(line \d+ column \d+\))?$/.exec(message) ?? [];
  if (named !== undefined) return { at: Number(named) };
  if (!isUnexpectedToken(message)) return { at: text.length };
  return { at: text.length > LONGEST_SEARCHED ? undefined : unexpectedTokenIn(text) };
}

/** The token follows the longest beginning of the text that lacks nothing but its end. */
function unexpectedTokenIn(text: string): number {
  let [accepted, refused] = [0, text.length];
  while (refused - accepted > 1) {
    const middle = (accepted + refused) >> 1;
    if (isUnexpectedToken(refusalOf(text.slice(0, middle)))) refused = middle;
    else accepted = middle;
  }
  return accepted;
}

const isUnexpectedToken = (message: string | undefined) => message?.startsWith('Unexpected token') ?? false;

function refusalOf(text: string): string | undefined {
  try {
    JSON.parse(text);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}
