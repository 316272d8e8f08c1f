import { changedMessage } from './changed-message.ts';
import type { EncodedMessage } from './encoded-message.ts';
import { filterMatches, type RuleFilter } from './rule-filter.ts';
import type { SqlAction } from './sql/sql-action.ts';
import { SqlMessage } from './sql/sql-message.ts';

export interface Rule {
  readonly name: string;
  readonly filter: RuleFilter;
  readonly action?: { readonly expression: string; readonly apply: SqlAction };
}

/** The rule of a subscription that was given none: it takes everything. */
export const defaultRule: Rule = { name: '$Default', filter: { kind: 'true' } };

/** Which messages of a topic a subscription gets, and what they look like there. Case does not matter in names. */
export class SubscriptionRules {
  readonly #rules = new Map<string, Rule>();

  constructor(rules: readonly Rule[]) {
    for (const rule of rules) this.#rules.set(rule.name.toLowerCase(), rule);
  }

  get count(): number {
    return this.#rules.size;
  }

  /** In the order of their names, as the service lists them. */
  list(): Rule[] {
    return [...this.#rules.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** False when there is one of that name. */
  add(rule: Rule): boolean {
    if (this.#rules.has(rule.name.toLowerCase())) return false;
    this.#rules.set(rule.name.toLowerCase(), rule);
    return true;
  }

  /** False when there is none of that name. */
  remove(name: string): boolean {
    return this.#rules.delete(name.toLowerCase());
  }

  /**
   * What the subscription gets of a message: one for all rules without an action that take it, and one for each rule
   * with an action. Throws a SqlError when a filter or an action cannot be evaluated for it.
   * https://learn.microsoft.com/azure/service-bus-messaging/topic-filters
   */
  copiesOf(message: EncodedMessage): EncodedMessage[] {
    const sql = new SqlMessage(message);
    const matching = [...this.#rules.values()].filter(({ filter }) => filterMatches(filter, message, sql));
    const copies = matching.some(({ action }) => action === undefined) ? [message] : [];
    for (const { name, action } of matching) {
      if (action === undefined) continue;
      const changing = new SqlMessage(message);
      action.apply(changing);
      const { fields, properties } = changing.changes;
      copies.push(changedMessage(message, fields, { ...properties, RuleName: name }));
    }
    return copies;
  }
}
