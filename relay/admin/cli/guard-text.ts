import type { Guarded } from '../guard-slot.ts';

/** What a guard has seen and done, in a sentence for people. */
export function guardText({ outcome, slot, retainedBytes, maxBytes }: Guarded): string {
  const kept = `${retainedBytes} bytes of WAL`;
  switch (outcome) {
    case 'no-slot':
      return `There is no slot ${slot}, so it keeps nothing.`;
    case 'within-bound':
      return `The slot ${slot} keeps ${kept}, and may keep ${maxBytes}.`;
    case 'active':
      return `The slot ${slot} keeps ${kept}, more than ${maxBytes}, and a relay has it: npm run outbox -- status says how that one gets on.`;
    case 'dropped':
      return (
        `Dropped the slot ${slot}, which kept ${kept}, more than ${maxBytes}.\n` +
        'The next relay makes it anew and settles from the table: nothing is lost.'
      );
  }
}
