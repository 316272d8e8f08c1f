import type { Connection, Delivery, EventContext, Receiver, Sender, Session } from 'rhea';

// rhea 3.0.5 is written for clients first. What a Service Bus has to do and rhea has no public way for is done here and
// nowhere else, so that a new version of rhea has one file to be checked against. Its typings leave these members out.

interface TransferFrame {
  readonly performative: { message_format: number | null | undefined };
}

interface SessionInternals {
  on_transfer(frame: TransferFrame): void;
  readonly incoming: { process(session: Session): void };
  readonly outgoing: {
    readonly next_delivery_id: number;
    readonly next_pending_delivery: number;
    available(): number;
    transfer_window(): number;
    process(): void;
  };
}

interface LinkInternals {
  readonly local: {
    readonly attach: {
      max_message_size?: number;
      snd_settle_mode?: number;
      rcv_settle_mode?: number;
      properties?: Record<string, unknown>;
    };
  };
  readonly state: { local_open: boolean; open_requests: number };
}

interface SenderInternals extends LinkInternals {
  credit: number;
  delivery_count: number;
  _draining: boolean;
  _drained: boolean;
  _get_drain(): boolean;
}

/** Fields of our half of an attach, which is written after the handlers of the peer's half have run. */
export function answerAttach(link: Sender | Receiver, fields: LinkInternals['local']['attach']): void {
  Object.assign(internals<LinkInternals>(link).local.attach, fields);
}

/** Takes back the attach that rhea is about to answer; `link.open()` answers it later. */
export function holdAttach(link: Sender | Receiver): void {
  const { state } = internals<LinkInternals>(link);
  state.local_open = false;
  state.open_requests = 0;
}

/**
 * Makes the session hand messages over as bytes. rhea decodes every message of format 0 before anyone sees it and drops
 * the bytes; a format that it does not know (here: null) it passes on as it is.
 */
export function receiveBytes(session: Session): void {
  const inner = internals<SessionInternals>(session);
  const onTransfer = inner.on_transfer.bind(session);
  inner.on_transfer = (frame) => {
    if (frame.performative.message_format === 0) frame.performative.message_format = null;
    onTransfer(frame);
  };
}

/** The bytes of a message from a session that was set up with `receiveBytes`. */
export function transferredBytes(context: EventContext): Buffer {
  return context.message as unknown as Buffer;
}

/**
 * Settles a received delivery with an outcome other than accepted. rhea joins the dispositions of one tick into ranges
 * and compares the outcomes only from the third one on: an accepted and a rejected delivery side by side both
 * went out as accepted. So whatever is queued is written before and after.
 */
export function settleAlone(delivery: Delivery, settle: () => void): void {
  const { session } = delivery.link;
  const { incoming } = internals<SessionInternals>(session);
  incoming.process(session);
  settle();
  incoming.process(session);
}

/** Forgets a received delivery without a word to its sender. Unsettled, it would take up the session's window for good. */
export function settleSilently(delivery: Delivery): void {
  internals<{ settled: boolean }>(delivery).settled = true;
}

/**
 * Settles a sent delivery with the outcome that its receiver asked for, by itself as in `settleAlone`. A receiver in
 * mode "second" never says that it has settled too, and rhea waits for that: after 2,048 messages its buffer
 * would be full. Not to be called from an outcome's handler, whose round would begin anew.
 */
export function settleSent(delivery: Delivery, state: unknown): void {
  const { outgoing } = internals<SessionInternals>(delivery.link.session);
  outgoing.process();
  delivery.update(true, state);
  internals<{ remote_settled: boolean }>(delivery).remote_settled = true;
  outgoing.process();
}

/** How many more messages may be sent now. rhea lowers a link's credit only when it writes, a tick after `send`. */
export function sendableCount(sender: Sender): number {
  const { outgoing } = internals<SessionInternals>(sender.session);
  const pending = outgoing.next_delivery_id - outgoing.next_pending_delivery;
  const allowed = Math.min(internals<SenderInternals>(sender).credit, outgoing.transfer_window());
  // The window is not a number until the client's first flow.
  return allowed > pending ? Math.min(allowed - pending, outgoing.available()) : 0;
}

/** Answers a drain also when no credit is left, which rhea does not do and the SDK waits for. */
export function answerDrainAlways(sender: Sender): void {
  const inner = internals<SenderInternals>(sender);
  inner._get_drain = () => {
    if (!inner._draining || !inner._drained) return false;
    inner.delivery_count += inner.credit;
    inner.credit = 0;
    inner._draining = false;
    return true;
  };
}

/** Whether the client has asked this link for a drain that is not answered yet. */
export function isDraining(sender: Sender): boolean {
  return internals<SenderInternals>(sender)._draining === true;
}

/** Tells rhea that a socket is closed: it does not notice when it was destroyed, and its timers would go on. */
export function socketClosed(connection: Connection): void {
  const inner = internals<{ eof(): void; socket_ready: boolean }>(connection);
  inner.eof();
  // Else what is still written would begin timers of eight minutes.
  inner.socket_ready = false;
}

/** Starts the protocol on a socket that a server has accepted. */
export function acceptSocket(connection: Connection, socket: unknown): void {
  (connection as unknown as { accept(socket: unknown): void }).accept(socket);
}

function internals<T>(object: object): T {
  return object as T;
}
