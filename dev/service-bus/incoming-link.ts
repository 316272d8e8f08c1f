import type { Delivery, EventContext, Receiver } from 'rhea';
import type { AmqpError } from './amqp-error.ts';
import { refusal } from './amqp-error.ts';
import type { Broker } from './broker.ts';
import type { WatchedLink } from './connection-watch.ts';
import { batchedMessages, EncodedMessage } from './encoded-message.ts';
import type { Fault } from './faults.ts';
import { limits } from './limits.ts';
import { answerAttach, settleAlone, settleSilently, transferredBytes } from './rhea-internals.ts';
import { sendRefusal } from './send-refusal.ts';
import type { SendTarget } from './send-target.ts';
import { transferFault } from './transfer-fault.ts';

const batchFormat = 0x8001_3700;

/** What a link needs of the connection that it is on. */
interface LinkConnection {
  /** True once it has ended: what it still brings is to be ignored. */
  readonly gone: boolean;
  claimRefusal(path: string, right: 'Send'): AmqpError | undefined;
  close(error: AmqpError): void;
  /** Destroys the socket without a word. */
  drop(): void;
}

/** A link that a client sends on, to a queue or a topic. Every transfer is stored and journalled before it is answered. */
export class IncomingLink implements WatchedLink {
  readonly right = 'Send';
  readonly idleTimer = 'AmqpMessagePublisher';
  lastUsedAt: number;
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
    this.lastUsedAt = broker.now();
    answerAttach(receiver, { max_message_size: target.limits.maxMessageSizeBytes });
    receiver.set_target(receiver.target);
    receiver.on('message', (context: EventContext) => this.#onTransfer(context));
  }

  get path(): string {
    return this.#target.path;
  }

  detach(error: AmqpError): void {
    this.#detached = true;
    this.#receiver.close({ ...error });
  }

  #onTransfer(context: EventContext): void {
    const { delivery } = context;
    // What was under way when the link or the connection ended is not ours any more.
    if (delivery === undefined || this.#detached || this.#connection.gone) return;
    this.lastUsedAt = this.#broker.now();
    const bytes = transferredBytes(context);
    const isBatch = delivery.format === batchFormat;
    const carries = (subject: string) => hasSubject(bytes, isBatch, subject);
    const fault = this.#broker.faults.strike('transfer', this.path, carries);
    if (fault !== undefined && this.#failBeforeStoring(fault, delivery)) return;

    const refused = this.#connection.claimRefusal(this.path, 'Send') ?? this.#store(bytes, isBatch);
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
    if (isBatch && bytes.length > limits.batchBytes.value) return this.#batchWithoutData();
    let messages: EncodedMessage[];
    try {
      messages = messagesOf(bytes, isBatch);
    } catch (error) {
      return refusal.notAMessage(String(error));
    }
    if (messages.length === 0) return this.#batchWithoutData();
    const now = this.lastUsedAt;
    if (!this.#broker.throttle.take(this.#target.creditsOf(messages), now)) {
      return refusal.serverBusy(this.#broker.namespace.name);
    }
    return this.#target.accept(messages, now);
  }

  /** The service calls a batch that is too large one without data too, and detaches the link after its answer. */
  #batchWithoutData(): AmqpError {
    const refused = sendRefusal.batchWithoutData(this.#receiver.name);
    queueMicrotask(() => this.detach(refused));
    return refused;
  }

  /** True when the fault has dealt with the transfer. */
  #failBeforeStoring(fault: Fault, delivery: Delivery): boolean {
    const outcome = transferFault(fault, this.#target, this.#broker);
    switch (outcome?.kind) {
      case 'refuse':
        this.#answer(delivery, outcome.error);
        return true;
      case 'hang':
        settleSilently(delivery);
        return true;
      case 'drop':
        this.#connection.drop();
        return true;
      case 'detach':
        this.detach(outcome.error);
        return true;
      case 'close':
        this.#connection.close(outcome.error);
        return true;
      case undefined:
        return false;
    }
  }

  #answer(delivery: Delivery, refused: AmqpError | undefined): void {
    const delayMs = this.#broker.faults.strike('disposition', this.path)?.delayMs ?? 0;
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

/** Throws a RangeError when the bytes are no message. */
function messagesOf(bytes: Buffer, isBatch: boolean): EncodedMessage[] {
  return isBatch ? batchedMessages(bytes) : [new EncodedMessage(bytes)];
}

function hasSubject(bytes: Buffer, isBatch: boolean, wanted: string): boolean {
  try {
    return messagesOf(bytes, isBatch).some(({ subject }) => subject === wanted);
  } catch {
    return false; // what is no message is refused when it is stored
  }
}
