import type { OutboxLag } from '../monitoring/outbox-lag.ts';
import { BLOCKERS, type Blocker, RELAY_STATES, type RelayPhase } from '../monitoring/relay-states.ts';

/** good: it does what it is there for. idle: nothing to do, or not known here. warn: look at it. bad: it keeps events from moving. */
export type Level = 'good' | 'idle' | 'warn' | 'bad';

export interface FlowPart {
  readonly part: 'api' | 'postgresql' | 'relay' | 'broker';
  readonly name: string;
  readonly level: Level;
  /** In a word or two. */
  readonly state: string;
  readonly detail: string;
}

/** What keeps events from moving, or soon will. */
export interface Notice {
  readonly level: 'warn' | 'bad';
  readonly text: string;
  /** The title of a section of docs/runbook.md. */
  readonly section: string;
}

export interface FlowFacts {
  readonly state: RelayPhase;
  readonly ready: boolean;
  readonly step: string | undefined;
  readonly blockedBy: Blocker | undefined;
  readonly lastError:
    | { readonly message: string; readonly code?: string; readonly isOver: boolean }
    | undefined;
  readonly failedSends: number;
  readonly lockedRows: number;
  readonly lag: Pick<
    OutboxLag,
    'databaseError' | 'oldestUnsettled' | 'parkedEvents' | 'retainedBytes' | 'walStatus'
  >;
  /** What the slot may keep. */
  readonly walLimitBytes: number;
  /** Events that came in the last second. */
  readonly perSecond: number;
  readonly lastPublishedAt: Date | undefined;
  readonly brokerName: string;
  /** The topics and queues that the settings name. */
  readonly entity: string;
  /** Those that take nothing now. */
  readonly away: readonly string[];
}

const BLOCKER_SECTION = 'The oldest event does not move';
/** Of the limit, from which on the WAL that is kept is worth a look. */
const MUCH_WAL = 0.5;
/** What the relay passes through on its way to streaming. */
const PASSING: ReadonlySet<RelayPhase> = new Set(['starting', 'connecting', 'settling', 'draining']);

type Told = Omit<FlowPart, 'part' | 'name'>;

/** The four parts that an event passes, each with its state. */
export function flowOf(facts: FlowFacts): FlowPart[] {
  return [
    { part: 'api', name: 'api', ...writersOf(facts) },
    { part: 'postgresql', name: 'PostgreSQL', ...databaseOf(facts) },
    { part: 'relay', name: 'relay', ...relayOf(facts) },
    { part: 'broker', name: facts.brokerName, ...brokerOf(facts) },
  ];
}

function writersOf({ perSecond, state }: FlowFacts): Told {
  // Nobody asks the api: what it writes is seen as it passes.
  if (state !== 'streaming' && state !== 'broker-away')
    return { level: 'idle', state: 'not seen', detail: 'seen only while the relay streams' };
  if (perSecond === 0) return { level: 'idle', state: 'quiet', detail: 'no event in the last second' };
  return {
    level: 'good',
    state: 'writes',
    detail: `${counted(perSecond, 'event', 'events')} in the last second`,
  };
}

function databaseOf({ lag, state, walLimitBytes }: FlowFacts): Told {
  if (lag.databaseError !== null) return { level: 'bad', state: 'no answer', detail: lag.databaseError };
  if (state === 'set-back') return { level: 'bad', state: 'set back', detail: 'a person has to confirm it' };
  if (keepsMuchWal(lag, walLimitBytes))
    return { level: 'warn', state: 'keeps WAL', detail: 'the slot keeps much of what it may' };
  return {
    level: 'good',
    state: 'answers',
    detail: lag.walStatus === null ? 'there is no slot' : 'the slot is safe',
  };
}

function relayOf({ state, ready, step, blockedBy }: FlowFacts): Told {
  const detail =
    blockedBy && ready === false && state === 'streaming' ? BLOCKERS[blockedBy] : (step ?? meaningOf(state));
  return { level: relayLevel(state, ready), state: state.replace('-', ' '), detail };
}

function relayLevel(state: RelayPhase, ready: boolean): Level {
  if (ready) return state === 'standby' ? 'idle' : 'good';
  // It waits for another part, which is told there.
  return state === 'broker-away' || PASSING.has(state) ? 'warn' : 'bad';
}

function brokerOf({ state, failedSends, lastPublishedAt, brokerName, entity, away }: FlowFacts): Told {
  if (state === 'broker-away') {
    const failed = failedSends === 0 ? '' : `; ${counted(failedSends, 'send has', 'sends have')} failed`;
    return {
      level: 'bad',
      state: 'away',
      detail: `${awayOf({ brokerName, entity, away })} takes nothing${failed}`,
    };
  }
  if (lastPublishedAt === undefined)
    return { level: 'idle', state: 'not asked', detail: `nothing sent to ${entity} yet` };
  return { level: 'good', state: 'accepts', detail: `takes what is sent to ${entity}` };
}

/** Who takes nothing: the broker, or one of several entities. */
function awayOf({ brokerName, entity, away }: Pick<FlowFacts, 'brokerName' | 'entity' | 'away'>): string {
  const names = away.join(', ');
  return names === '' || names === entity ? brokerName : `${brokerName} (${names})`;
}

/** The worst first. */
export function noticesOf(facts: FlowFacts): Notice[] {
  const { blockedBy, ready, lockedRows, lag, walLimitBytes } = facts;
  const ofState = stateNotice(facts);
  const notices: (Notice | undefined)[] = [
    lag.databaseError === null
      ? undefined
      : {
          level: 'bad',
          text: `PostgreSQL does not answer: ${lag.databaseError}`,
          section: 'PostgreSQL is away',
        },
    ofState,
    blockedBy && !ofState
      ? {
          level: 'bad',
          text: `The oldest event does not move: ${BLOCKERS[blockedBy]}`,
          section: BLOCKER_SECTION,
        }
      : undefined,
    lockedRows > 0 && ready
      ? {
          level: 'warn',
          text: `${counted(lockedRows, 'row is', 'rows are')} locked by another session`,
          section: BLOCKER_SECTION,
        }
      : undefined,
    parkedNotice(lag),
    keepsMuchWal(lag, walLimitBytes)
      ? {
          level: 'warn',
          text: 'The slot keeps more than half of the WAL that it may',
          section: 'The slot is in danger',
        }
      : undefined,
  ];
  return notices.filter((notice) => notice !== undefined);
}

function stateNotice(facts: FlowFacts): Notice | undefined {
  const { state, lag, lastError, brokerName } = facts;
  const why = lastError && !lastError.isOver ? `: ${lastError.message}` : '';
  if (state === 'broker-away')
    return {
      level: 'bad',
      text: `${awayOf(facts)} takes nothing${why}`,
      section: `${brokerName} is away`,
    };
  if (state === 'set-back')
    return { level: 'bad', text: capitalized(meaningOf(state)), section: 'A database that was set back' };
  // Without a database, that is what it waits for.
  if (state !== 'waiting' || lag.databaseError !== null) return undefined;
  return { level: 'bad', text: `The relay does not stream${why}`, section: sectionOf(lastError?.code) };
}

function parkedNotice({ parkedEvents }: FlowFacts['lag']): Notice | undefined {
  if (!parkedEvents || parkedEvents.parked === 0) return undefined;
  const { parked, waiting } = parkedEvents;
  const behind = waiting === 0 ? '' : `, and ${counted(waiting, 'waits', 'wait')} behind`;
  return {
    level: 'warn',
    text: `${counted(parked, 'message is', 'messages are')} parked${behind}`,
    section: 'A message is parked',
  };
}

const sectionOf = (code: string | undefined) =>
  code === 'PUBLICATION_UNUSABLE' ? 'The publication cannot be used' : 'The relay waits';

function keepsMuchWal({ walStatus, retainedBytes }: FlowFacts['lag'], limit: number): boolean {
  return walStatus === 'unreserved' || walStatus === 'lost' || (retainedBytes ?? 0) > limit * MUCH_WAL;
}

const meaningOf = (state: RelayPhase) => RELAY_STATES[state].means.replace(/: `lastError`.*/, '');
const counted = (count: number, one: string, many: string) => `${count} ${count === 1 ? one : many}`;
const capitalized = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);
