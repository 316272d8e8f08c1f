/** A change of one module's source: what stands there exactly once becomes something else. */
export interface SourcePatch {
  /** From the root of the repository. */
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

/** Throws when what is to be replaced is not there exactly once: a fault that was not planted proves nothing. */
export function applyPatch(source: string, { file, find, replace }: SourcePatch): string {
  const [before, after, ...more] = source.split(find);
  if (before === undefined || after === undefined || more.length > 0) {
    throw new Error(`${file} must have this exactly once: ${find}`);
  }
  return before + replace + after;
}
