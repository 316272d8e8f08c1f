import type { Row, WalTransaction } from './simulated-postgres.ts';

/** A promise about delivery that was not kept. */
export class BrokenPromise extends Error {}

/** Stores messages, and fails when an order overtakes itself or a message comes again without a reason. */
export class SimulatedBroker {
  readonly #accepted = new Set<string>();
  /** Per order what has committed and was not accepted yet, in commit order. */
  readonly #expected = new Map<string, Row[]>();
  /** What may come again: the relay cannot know that it was accepted. */
  readonly #mayRepeat = new Set<string>();
  stored = 0;

  /** To be told of each commit, in order. */
  committed(transaction: WalTransaction): void {
    for (const row of transaction.rows) {
      if (row.history || row.order === undefined) continue;
      const expected = this.#expected.get(row.order);
      if (expected) expected.push(row);
      else this.#expected.set(row.order, [row]);
    }
  }

  /** `late`: the send was given up before it arrived. */
  store(batch: readonly Row[], late: boolean): void {
    for (const row of batch) {
      this.stored++;
      if (!row.transaction) throw new BrokenPromise(`${row.id} was sent and never committed`);
      if (this.#accepted.has(row.id)) {
        if (!late && !this.#mayRepeat.has(row.id)) throw new BrokenPromise(`${row.id} came again`);
        continue;
      }
      this.#accepted.add(row.id);
      if (row.order === undefined) continue;
      const first = this.#expected.get(row.order)?.shift();
      if (first !== row) throw new BrokenPromise(`${row.id} overtook ${first?.id} of ${row.order}`);
    }
  }

  hasAccepted(row: Row): boolean {
    return this.#accepted.has(row.id);
  }

  mustHaveAll(wal: readonly WalTransaction[]): void {
    const missing = wal
      .flatMap(({ rows }) => rows)
      .find((row) => !row.history && !this.#accepted.has(row.id));
    if (missing) throw new BrokenPromise(`${missing.id} of ${missing.order} was never sent`);
  }

  allowRepeat(rows: Iterable<Row>): void {
    for (const { id } of rows) this.#mayRepeat.add(id);
  }

  forbidRepeat(ids: Iterable<string>): void {
    for (const id of ids) this.#mayRepeat.delete(id);
  }

  /** Nothing holds these rows any more, so nobody can send them. */
  excuse(rows: readonly Row[]): void {
    for (const row of rows) {
      this.#accepted.add(row.id);
      const expected = row.order === undefined ? undefined : this.#expected.get(row.order);
      const at = expected?.indexOf(row) ?? -1;
      if (at !== -1) expected?.splice(at, 1);
    }
  }
}
