import type { Violation } from './violation.ts';

export interface WitnessEvidence {
  /** What the witness saw being committed. */
  readonly seen: ReadonlySet<string>;
  /** What the table has. */
  readonly stored: ReadonlySet<string>;
  /** What was published long enough ago to be deleted. */
  readonly old: ReadonlySet<string>;
}

/** What the table has was seen, or the witness is no witness; and nothing but what is old was deleted. Pure. */
export function checkWitness({ seen, stored, old }: WitnessEvidence): Violation[] {
  const missing = [...stored].filter((id) => !seen.has(id));
  const gone = [...seen].filter((id) => !stored.has(id) && !old.has(id));
  return [
    ...missing.map((id): Violation => ({ kind: 'witness', id, detail: 'is in the table and was not seen' })),
    ...gone.map(
      (id): Violation => ({ kind: 'witness', id, detail: 'was seen, is not old and is not in the table' }),
    ),
  ];
}
