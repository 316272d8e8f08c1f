import type { Sender } from 'rhea';
import rhea from 'rhea';
import type { AmqpError } from './amqp-error.ts';
import { OutgoingLink } from './outgoing-link.ts';
import type { AcceptedSession, QueueEntity, SessionOwner } from './queue-entity.ts';
import { answerAttach, holdAttach } from './rhea-internals.ts';

const sessionFilter = 'com.microsoft:session-filter';
const timeoutProperty = 'com.microsoft:timeout';
const lockedUntilProperty = 'com.microsoft:locked-until-utc';
/** What the real service waits when the client says nothing. */
const defaultTimeoutMs = 65_000;

/** One that was closed in order is not told as lost. */
const connectionEnds = ['connection_close', 'disconnected'] as const;

/** Which session a receiver asks for; `next` is any that is free. */
export type RequestedSession = { readonly next: true } | { readonly next: false; readonly sessionId: string };

/** What the attach's source filter asks for; undefined when it has none. */
export function requestedSession(sender: Sender): RequestedSession | undefined {
  const filter = sender.source?.filter;
  if (filter === undefined || filter === null || !(sessionFilter in filter)) return undefined;
  // Some clients send the value with a descriptor, which rhea leaves around it.
  const raw: unknown = filter[sessionFilter];
  const value = typeof raw === 'object' && raw !== null && 'value' in raw ? raw.value : raw;
  return typeof value === 'string' ? { next: false, sessionId: value } : { next: true };
}

/** Answers the attach once the session is locked for it, or refuses it. */
export function attachSession(
  sender: Sender,
  entity: QueueEntity,
  requested: RequestedSession,
  now: () => number,
  attached: (link: OutgoingLink) => void,
): void {
  // The lock's owner is there before the link: the session is locked first.
  const owner = new LinkToCome();
  let answered = false;
  let stop: () => void = () => undefined;
  const giveUp = () => stop();
  const answer = (result: AcceptedSession | AmqpError) => {
    answered = true;
    for (const end of connectionEnds) sender.connection.removeListener(end, giveUp);
    if ('condition' in result) {
      sender.open();
      sender.close({ ...result });
      return;
    }
    sender.set_source({ ...fieldsOf(sender), filter: { [sessionFilter]: result.sessionId } });
    answerAttach(sender, { properties: { [lockedUntilProperty]: ticks(result.lockedUntil) } });
    const link = new OutgoingLink(sender, entity, result.sessionId, now, owner);
    owner.link = link;
    attached(link);
    sender.open();
  };
  if (!requested.next) {
    answer(entity.acceptSession(requested.sessionId, owner));
    return;
  }
  holdAttach(sender);
  const timeout: unknown = sender.properties?.[timeoutProperty];
  stop = entity.acceptNextSession(owner, typeof timeout === 'number' ? timeout : defaultTimeoutMs, answer);
  // A client that gives up detaches, and wants to see its attach answered before its detach is.
  sender.once('sender_close', () => {
    stop();
    if (!answered) sender.open();
  });
  for (const end of connectionEnds) sender.connection.once(end, giveUp);
}

class LinkToCome implements SessionOwner {
  link: OutgoingLink | undefined;

  sessionLockLost(error: AmqpError): void {
    this.link?.sessionLockLost(error);
  }
}

function fieldsOf(sender: Sender): { address: string } {
  return { address: sender.source.address };
}

/** A .NET time: steps of 100 ns since the year 1, which does not fit a double. */
function ticks(epochMs: number): unknown {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(BigInt(epochMs) * 10_000n + 621_355_968_000_000_000n);
  return rhea.types.wrap_long(bytes);
}
