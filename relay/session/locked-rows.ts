import type { Mark } from './mark.ts';
import type { Pending } from './pending.ts';

/** What cannot be marked because another session has locked the row. It is tried again by itself, so that it delays no other. Pure. */
export class LockedRows {
  readonly #rows = new Map<Pending, Mark['as']>();
  #againAt = 0;
  /** Once, before the end. */
  #triedAtEnd = false;

  get size(): number {
    return this.#rows.size;
  }

  add(as: Mark['as'], locked: readonly Pending[], againAt: number): void {
    if (locked.length === 0) return;
    for (const pending of locked) this.#rows.set(pending, as);
    this.#againAt = againAt;
  }

  /** One that is not locked, behind one that is. */
  join(as: Mark['as'], pending: Pending): void {
    this.#rows.set(pending, as);
  }

  /** Those that are due, of one kind, taken out. */
  take(now: number, most: number, ending: boolean): Pick<Mark, 'as' | 'messages'> | undefined {
    const at = this.nextAt(ending);
    if (at === undefined || now < at) return undefined;
    this.#triedAtEnd = ending;
    const [as] = this.#rows.values();
    if (as === undefined) return undefined;
    const messages = [...this.#rows.keys()]
      .filter((pending) => this.#rows.get(pending) === as)
      .slice(0, most);
    for (const pending of messages) this.#rows.delete(pending);
    return { as, messages };
  }

  /** When they are due; undefined: never. */
  nextAt(ending: boolean): number | undefined {
    if (this.#rows.size === 0) return undefined;
    if (!ending) return this.#againAt;
    return this.#triedAtEnd ? undefined : 0;
  }

  hasOf(lane: string | undefined): boolean {
    return lane !== undefined && [...this.#rows.keys()].some((pending) => pending.lane === lane);
  }
}
