import type { Delivery, EventContext, Receiver } from 'rhea';
import type { AmqpError } from './amqp-error.ts';
import { refusal } from './amqp-error.ts';
import type { Broker } from './broker.ts';
import { batchedMessages, EncodedMessage } from './encoded-message.ts';
import type { Fault } from './faults.ts';
import { answerAttach, settleAlone, settleSilently, transferredBytes } from './rhea-internals.ts';
import type { SendTarget } from './send-target.ts';

const batchFormat = 0x8001_3700;

/** What a link needs of the connection that it is on. */
interface LinkConnection {
  /** True once it has ended: what it still brings is to be ignored. */
  readonly gone: boolean;
  claimRefusal(path: string): AmqpError | undefined;
  close(error: AmqpError): void;
  /** Destroys the socket without a word. */
  drop(): void;
}

/** A link that a client sends on, to a queue or a topic. Every transfer is stored and journalled before it is answered. */
export class IncomingLink {
  readonly #broker: Broker;
  readonly #connection: LinkConnection;
  readonly #receiver: Receiver;
  readonly #target: SendTarget;
  #detached = false;

  constructor(broker: Broker, connection: LinkConnection, receiver: Receiver, target: SendTarget) {
    this.#broker = broker;
    this.#connection = connection;
    this.#receiver = receiver;
    this.#target = target;
    answerAttach(receiver, { max_message_size: target.limits.maxMessageSizeBytes });
    receiver.set_target(receiver.target);
    receiver.on('message', (context: EventContext) => this.#onTransfer(context));
  }

  /** Detaches it with the usual error, or with what the fault says. */
  detach(fault?: Fault): void {
    this.#detached = true;
    this.#receiver.close({ ...refusal.detachForced(), ...given(fault) });
  }

  #onTransfer(context: EventContext): void {
    const { delivery } = context;
    // What was under way when the link or the connection ended is not ours any more.
    if (delivery === undefined || this.#detached || this.#connection.gone) return;
    const path = this.#target.path;
    const fault = this.#broker.faults.strike('transfer', path);
    if (fault !== undefined && this.#failBeforeStoring(fault, delivery)) return;

    const bytes = transferredBytes(context);
    const refused =
      this.#connection.claimRefusal(path) ?? this.#store(bytes, delivery.format === batchFormat);
    if (refused !== undefined) {
      this.#answer(delivery, refused);
    } else if (fault?.kind === 'ackLost') {
      settleSilently(delivery);
    } else if (fault?.kind === 'dropAfterStore') {
      this.#connection.drop();
    } else {
      this.#answer(delivery, undefined);
    }
  }

  #store(bytes: Buffer, isBatch: boolean): AmqpError | undefined {
    const limit = this.#target.limits.maxMessageSizeBytes;
    if (bytes.length > limit) return refusal.sizeExceeded(bytes.length, limit);
    let messages: EncodedMessage[];
    try {
      messages = isBatch ? batchedMessages(bytes) : [new EncodedMessage(bytes)];
    } catch (error) {
      return refusal.notAMessage(String(error));
    }
    return this.#target.accept(messages, this.#broker.now());
  }

  /** True when the fault has dealt with the transfer. */
  #failBeforeStoring(fault: Fault, delivery: Delivery): boolean {
    const { path, limits } = this.#target;
    switch (fault.kind) {
      case 'busy':
        this.#answer(delivery, refusal.serverBusy(this.#broker.namespace.name));
        return true;
      case 'sizeExceeded':
        this.#answer(
          delivery,
          refusal.sizeExceeded(limits.maxMessageSizeBytes + 1, limits.maxMessageSizeBytes),
        );
        return true;
      case 'quotaExceeded':
        this.#answer(delivery, refusal.quotaExceeded(path, limits.maxSizeBytes, limits.maxSizeBytes));
        return true;
      case 'notFound':
        this.#answer(delivery, refusal.notFound(path));
        return true;
      case 'disabled':
        this.#answer(delivery, refusal.disabled(path));
        return true;
      case 'unauthorized':
        this.#answer(delivery, refusal.noClaim(path));
        return true;
      case 'hang':
        settleSilently(delivery);
        return true;
      case 'dropBeforeStore':
        this.#connection.drop();
        return true;
      case 'detach':
        this.detach(fault);
        return true;
      case 'closeConnection':
        this.#connection.close({ ...refusal.connectionForced(), ...given(fault) });
        return true;
      case 'ackLost':
      case 'dropAfterStore':
      case 'latency':
      case 'detachIdle':
      case 'closeIdle':
      case 'refuseConnections':
      case 'freeze':
        return false;
    }
  }

  #answer(delivery: Delivery, refused: AmqpError | undefined): void {
    const delayMs = this.#broker.faults.strike('disposition', this.#target.path)?.delayMs ?? 0;
    // A timer for each: answers wait side by side, so latency does not slow down the stream.
    if (delayMs > 0) setTimeout(() => this.#settle(delivery, refused), delayMs).unref();
    else this.#settle(delivery, refused);
  }

  #settle(delivery: Delivery, refused: AmqpError | undefined): void {
    if (this.#detached || this.#connection.gone) return;
    if (refused === undefined) delivery.accept();
    else settleAlone(delivery, () => delivery.reject({ ...refused }));
  }
}

function given(fault: Fault | undefined): Partial<AmqpError> {
  return {
    ...(fault?.condition === undefined ? {} : { condition: fault.condition }),
    ...(fault?.description === undefined ? {} : { description: fault.description }),
  };
}
