import type { Receiver, Sender } from 'rhea';
import type { AmqpError } from './amqp-error.ts';
import type { WatchedLink } from './connection-watch.ts';
import type { Right } from './shared-access-policy.ts';

/** The link that an entity's requests come in on, with the one that its answers go out on. */
export class ManagementLink implements WatchedLink {
  readonly path: string;
  readonly right: Right;
  readonly idleTimer = 'AmqpControlProtocolClient';
  lastUsedAt: number;
  readonly #receiver: Receiver;

  constructor(receiver: Receiver, path: string, right: Right, now: number) {
    this.#receiver = receiver;
    this.path = path;
    this.right = right;
    this.lastUsedAt = now;
  }

  detach(error: AmqpError): void {
    const { session, target } = this.#receiver;
    this.#receiver.close({ ...error });
    const answers = session.find_sender((sender: Sender) => sender.source?.address === target.address);
    answers?.close({ ...error });
  }
}
