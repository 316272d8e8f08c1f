import type { Violation } from './violation.ts';

/** Nobody deletes from the table: what the witness saw and what the table has are the same, or the witness is no witness. */
export function checkWitness(seen: ReadonlySet<string>, stored: ReadonlySet<string>): Violation[] {
  const missing = [...stored].filter((id) => !seen.has(id));
  const extra = [...seen].filter((id) => !stored.has(id));
  return [
    ...missing.map((id): Violation => ({ kind: 'witness', id, detail: 'is in the table and was not seen' })),
    ...extra.map((id): Violation => ({ kind: 'witness', id, detail: 'was seen and is not in the table' })),
  ];
}
