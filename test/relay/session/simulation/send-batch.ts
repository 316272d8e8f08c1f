import type { Pending } from '../../../../relay/session/pending.ts';
import type { Refusal } from '../../../../relay/session/send-queue.ts';
import type { SimulatedSession } from './simulated-session.ts';
import type { Surroundings } from './surroundings.ts';

const REFUSALS = {
  busy: { kind: 'transient', message: '', retryAfterMs: 2_000 },
  transient: { kind: 'transient', message: '', retryAfterMs: 0 },
  unknown: { kind: 'transient', message: '', retryAfterMs: 0 },
  poison: { kind: 'poison', message: '', retryAfterMs: 0 },
  refused: { kind: 'refused', message: '', retryAfterMs: 0 },
} satisfies Record<string, Refusal>;

/** A batch on its way to the broker, and the answer back: either can be lost, and a batch can arrive after it was given up. */
export function sendBatch(
  surroundings: Surroundings,
  session: SimulatedSession,
  batch: readonly Pending[],
): void {
  const { random, schedule, postgres, broker, promises } = surroundings;
  const rows = batch.map(({ message }) => postgres.row(message.messageId));
  promises.checkBatch(session, rows);
  session.inFlight.add(rows);
  let givenUp = false;
  const answer = (happen: () => void) => {
    schedule.later('relay', () => {
      session.inFlight.delete(rows);
      happen();
    });
  };
  const reject = (refusal: Refusal) =>
    answer(() => void session.state.rejected(batch, refusal, schedule.now));
  const giveUp = () => {
    givenUp = true;
    broker.allowRepeat(rows);
    reject(REFUSALS.unknown);
  };
  const arrive = () => {
    const late = givenUp || session.isOver;
    const refusal = broker.receive(rows, late);
    if (late) return;
    if (refusal) return reject(REFUSALS[refusal]);
    if (surroundings.trouble(0.05)) return giveUp();
    answer(() => session.state.accepted(batch, schedule.now));
  };

  if (rows[0]?.destination === surroundings.away) reject(REFUSALS.transient);
  else if (surroundings.trouble(0.08)) reject(random.pick([REFUSALS.busy, REFUSALS.transient]));
  else if (surroundings.trouble(0.04)) {
    // Nobody knows whether it is lost or only slow.
    giveUp();
    if (random.chance(0.5)) schedule.later('broker', arrive);
  } else schedule.later('broker', arrive);
}
