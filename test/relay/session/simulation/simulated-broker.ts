import { BrokenPromise } from './broken-promise.ts';
import type { SeededRandom } from './seeded-random.ts';
import type { Row, WalTransaction } from './simulated-row.ts';

/** Stores messages or refuses them, and fails when an order overtakes itself or a message comes again without a reason. */
export class SimulatedBroker {
  readonly #accepted = new Set<string>();
  /** Per order what has committed and was not accepted yet, in commit order. */
  readonly #expected = new Map<string, Row[]>();
  /** What may come again: the relay cannot know that it was accepted. */
  readonly #mayRepeat = new Set<string>();
  /** How often it will still refuse a row. */
  readonly #poison = new Map<Row, number>();
  /** How often it will say no to a row without a reason that the relay knows. */
  readonly #declined = new Map<Row, number>();
  /** It takes single messages only, and does not say so. */
  readonly #refusesBatches: boolean;
  readonly #random: SeededRandom;
  stored = 0;

  constructor(random: SeededRandom) {
    this.#random = random;
    this.#refusesBatches = random.chance(0.1);
  }

  /** To be told of each commit, in order. */
  committed(transaction: WalTransaction): void {
    for (const row of transaction.rows) this.#expect(row);
    for (const row of transaction.rows) {
      if (this.#random.chance(0.03)) this.#poison.set(row, 1 + this.#random.below(3));
      if (this.#random.chance(0.03)) this.#declined.set(row, 1 + this.#random.below(30));
    }
  }

  /** Takes a batch, or says how it refuses it. `late`: the send was given up before it arrived. */
  receive(batch: readonly Row[], late: boolean): 'poison' | 'refused' | undefined {
    const poison = batch.find((row) => (this.#poison.get(row) ?? 0) > 0);
    if (poison) {
      if (!late) countDown(this.#poison, poison);
      return 'poison';
    }
    if (!late && this.#declines(batch)) return 'refused';
    this.#store(batch, late);
    return undefined;
  }

  /** Whether it is, or was, one to which it says no without a reason that the relay knows. */
  hasDeclined(row: Row): boolean {
    return this.#declined.has(row);
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

  #expect(row: Row): void {
    if (row.history || row.order === undefined) return;
    const expected = this.#expected.get(row.order);
    if (expected) expected.push(row);
    else this.#expected.set(row.order, [row]);
  }

  #declines(batch: readonly Row[]): boolean {
    if (this.#refusesBatches && batch.length > 1) return true;
    const declined = batch.find((row) => (this.#declined.get(row) ?? 0) > 0);
    if (declined) countDown(this.#declined, declined);
    return declined !== undefined;
  }

  #store(batch: readonly Row[], late: boolean): void {
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
}

function countDown(times: Map<Row, number>, row: Row): void {
  times.set(row, (times.get(row) ?? 0) - 1);
}
