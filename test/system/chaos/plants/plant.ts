import type { SourcePatch } from '../source-patch.ts';
import type { ViolationKind } from '../violation.ts';

/** A mistake that a relay or an inbox could have. The rig is worth something only if it catches each of them. */
export interface Plant {
  readonly name: string;
  readonly patches: readonly SourcePatch[];
  /** What must be found, or the rig is blind to it. */
  readonly caughtBy: ViolationKind;
  /** With no relay standing by, which would take over and start with a clean memory. */
  readonly alone?: boolean;
  /** Of an inbox: with sessions or without. */
  readonly sessions?: boolean;
  /** How long a run has to be at least, if it shows late. */
  readonly seconds?: number;
  /** The faults it takes to show; the checker is the same for all. */
  readonly weights: Readonly<Record<string, number>>;
}
