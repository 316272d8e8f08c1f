import { VARIABLE_NAMES } from './variable-names.ts';

export interface Misspelt {
  readonly name: string;
  /** The variable that was probably meant. */
  readonly meant: string;
}

/** Shorter names are too close to what is in any environment: HOME is two letters from HOST. */
const LEAST_LENGTH = 8;
const MOST_LETTERS = 2;

const known: ReadonlySet<string> = new Set(VARIABLE_NAMES.flatMap((name) => [name, `${name}_FILE`]));

/** The variables that nobody reads and that are within two letters of one that a process reads. */
export function misspeltVariables(env: Readonly<Record<string, string | undefined>>): Misspelt[] {
  return Object.keys(env).flatMap((name) => {
    if (name.length < LEAST_LENGTH || known.has(name)) return [];
    const [nearest] = [...known]
      .map((meant) => ({ name, meant, letters: distance(name, meant) }))
      .filter(({ letters }) => letters <= MOST_LETTERS)
      .sort((a, b) => a.letters - b.letters);
    return nearest ? [{ name, meant: nearest.meant }] : [];
  });
}

/** How many letters have to be put in, left out or replaced: https://en.wikipedia.org/wiki/Levenshtein_distance */
function distance(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > MOST_LETTERS) return Number.POSITIVE_INFINITY;
  let above = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (const [row, letter] of a.split('').entries()) {
    const next = [row + 1];
    for (const [at, other] of b.split('').entries()) {
      const replaced = (above[at] as number) + Number(letter !== other);
      next.push(Math.min(replaced, (above[at + 1] as number) + 1, (next[at] as number) + 1));
    }
    above = next;
  }
  return above.at(-1) as number;
}
