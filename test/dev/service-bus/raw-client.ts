import { once } from 'node:events';
import type { TestContext } from 'node:test';
import rhea, {
  type Connection,
  type ConnectionError,
  type ConnectionOptions,
  type EventContext,
  type Message,
  type Receiver,
  type Sender,
} from 'rhea';
import { socketClosed } from '../../../dev/service-bus/rhea-internals.ts';
import type { LocalServiceBus } from '../../../dev/service-bus/service-bus.ts';
import { sasToken } from './sas-token.ts';

/** An AMQP client for what the SDK would not send, or does not show. Its socket is destroyed when the test ends. */
export class RawClient {
  readonly connection: Connection;
  /** The condition that the broker closed the connection with. */
  closedWith: string | undefined;
  readonly #endpoint: string;
  #cbs: Promise<{ sender: Sender; receiver: Receiver }> | undefined;

  constructor(t: TestContext, bus: LocalServiceBus) {
    this.#endpoint = `sb://localhost:${bus.port}`;
    this.connection = rhea.create_container().connect({
      host: 'localhost',
      port: bus.port,
      reconnect: false,
    } as ConnectionOptions);
    this.connection.on('connection_error', ({ error }: EventContext) => {
      this.closedWith = (error as ConnectionError).condition;
    });
    this.connection.on('disconnected', () => undefined);
    t.after(() => {
      this.connection['socket'].destroy();
      // Its heartbeats would keep the process.
      socketClosed(this.connection);
    });
  }

  /** Puts a token for an entity and says the answer's status. */
  async putToken(path: string, expiresAt?: number): Promise<number> {
    const resource = `${this.#endpoint}/${path}`;
    this.#cbs ??= this.#openCbs();
    const { sender, receiver } = await this.#cbs;
    const answer = once(receiver, 'message') as Promise<[EventContext]>;
    sender.send({
      message_id: path,
      reply_to: '$cbs',
      application_properties: {
        operation: 'put-token',
        type: 'servicebus.windows.net:sastoken',
        name: resource,
      },
      body: sasToken({ resource, ...(expiresAt === undefined ? {} : { expiresAt }) }),
    } as unknown as Message);
    const [{ message }] = await answer;
    return Number(message?.application_properties?.['status-code']);
  }

  /** A link to send on, with a token that was put for it. */
  async openSender(path: string, expiresAt?: number): Promise<Sender> {
    await this.putToken(path, expiresAt);
    const sender = this.connection.open_sender(path);
    await once(sender, 'sendable');
    return sender;
  }

  /** What becomes of a message: accepted, or the condition and the text of the refusal. */
  async send(sender: Sender, message: Record<string, unknown> | Buffer): Promise<string> {
    const outcome = new Promise<string>((resolve) => {
      sender.once('accepted', () => resolve('accepted'));
      sender.once('rejected', ({ delivery }: EventContext) => {
        const state = delivery?.remote_state as { error: { condition: string; description: string } };
        resolve(`${state.error.condition}: ${state.error.description}`);
      });
    });
    // rhea takes bytes as they are when they come with a format.
    if (Buffer.isBuffer(message)) sender.send(message, undefined, 0);
    else sender.send(message as unknown as Message);
    return outcome;
  }

  async #openCbs(): Promise<{ sender: Sender; receiver: Receiver }> {
    const sender = this.connection.open_sender('$cbs');
    const receiver = this.connection.open_receiver('$cbs');
    await Promise.all([once(sender, 'sendable'), once(receiver, 'receiver_open')]);
    return { sender, receiver };
  }
}

/** The condition that the broker detaches a link with. */
export async function detachOf(link: {
  once(event: string, listener: (context: EventContext) => void): unknown;
}): Promise<string> {
  return new Promise((resolve) => {
    for (const [event, side] of [
      ['sender_error', 'sender'],
      ['receiver_error', 'receiver'],
    ] as const) {
      link.once(event, (context) => {
        const error = context[side]?.error as { condition: string; description: string };
        resolve(`${error.condition}: ${error.description}`);
      });
    }
  });
}
