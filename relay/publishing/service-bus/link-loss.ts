interface Emitter {
  once(event: string, listener: () => void): unknown;
}

/** What the SDK's sender is made of, as far as it is used here: a link of rhea-promise, whose events are public. */
interface SenderInternals {
  readonly _sender?: {
    readonly link?: Emitter & { readonly session: Emitter; readonly connection: Emitter };
  };
}

/**
 * Calls `lost` when the link of this open sender is gone, or the session or the connection below it; it may be called more than
 * once, and also for a close of our own. Returns false if this SDK has no such link to listen to.
 *
 * The SDK has no public way to learn of it, and lets sends in flight wait out their time limit: `_onAmqpError` and `_onSessionError`
 * in core/messageSender of @azure/service-bus 7.9.5 reject nothing. Without this, a loss costs those ten seconds.
 */
export function onLinkLost(sender: object, lost: () => void): boolean {
  const link = (sender as SenderInternals)._sender?.link;
  if (!link) return false;
  link.once('sender_close', lost);
  link.session.once('session_close', lost);
  link.connection.once('connection_close', lost);
  link.connection.once('disconnected', lost);
  return true;
}
