import type { Socket } from 'node:net';
import type { Connection, Container, EventContext, Receiver, Sender } from 'rhea';
import type { AmqpError } from './amqp-error.ts';
import { refusal } from './amqp-error.ts';
import { attachFault } from './attach-fault.ts';
import type { Broker } from './broker.ts';
import { putToken } from './cbs.ts';
import { Claims } from './claims.ts';
import { ConnectionWatch } from './connection-watch.ts';
import { IncomingLink } from './incoming-link.ts';
import { limits } from './limits.ts';
import { manage } from './management.ts';
import { ManagementLink } from './management-link.ts';
import { OutgoingLink } from './outgoing-link.ts';
import { serveRequests } from './request-link.ts';
import { acceptSocket, receiveBytes, socketClosed } from './rhea-internals.ts';
import { attachSession, requestedSession } from './session-attach.ts';
import type { Right } from './shared-access-policy.ts';

const cbsAddress = '$cbs';
const managementSuffix = '/$management';
const putTokenAccepted = 202;

// The real service announces the same.
const maxFrameSizeBytes = 65_536;
const connectionOptions = {
  max_frame_size: maxFrameSizeBytes,
  channel_max: 4_999,
  session_buffer_size: { incoming: 5_000, outgoing: 8_192 },
  receiver_options: { credit_window: 1_000, autoaccept: false },
  sender_options: { treat_modified_as_released: false },
};

/** One client's connection: checks what it attaches to, and connects its links with the entities. */
export class ClientConnection {
  readonly #broker: Broker;
  readonly #socket: Socket;
  readonly #connection: Connection;
  readonly #claims = new Claims();
  readonly #watch: ConnectionWatch;
  readonly #incoming = new Set<IncomingLink>();
  readonly #outgoing = new Set<OutgoingLink>();
  #gone = false;

  /** With `refused` it is closed, with that error, as soon as it is open. */
  constructor(
    broker: Broker,
    container: Container,
    socket: Socket,
    idleTimeoutMs: number,
    refused?: AmqpError,
  ) {
    this.#broker = broker;
    this.#watch = new ConnectionWatch(broker.limits, this.#claims, broker.addressOf, broker.now, (error) =>
      this.close(error),
    );
    this.#socket = socket;
    // Small answers to a client that waits for them: Nagle's algorithm would hold them back.
    socket.setNoDelay(true);
    this.#connection = container.create_connection({
      ...connectionOptions,
      container_id: broker.namespace.name,
      idle_time_out: idleTimeoutMs,
      // rhea's typings want the options of an outgoing connection here.
    } as unknown as Parameters<Container['create_connection']>[0]);
    const connection = this.#connection;
    // Every receiver that waits for a session listens for the connection's end.
    connection.setMaxListeners(0);
    if (refused !== undefined) connection.on('connection_open', () => this.close(refused));
    connection.on('session_open', ({ session }: EventContext) => session && receiveBytes(session));
    connection.on('receiver_open', ({ receiver }: EventContext) => receiver && this.#onIncoming(receiver));
    connection.on('sender_open', ({ sender }: EventContext) => sender && this.#onOutgoing(sender));
    // rhea throws an event of these that has no listener. The socket's end, which follows, is what counts here.
    for (const event of [
      'connection_error',
      'session_error',
      'receiver_error',
      'sender_error',
      'disconnected',
    ]) {
      connection.on(event, () => undefined);
    }
    // What a client has broken in the protocol, or this broker in itself: rhea ends the connection.
    for (const event of ['protocol_error', 'error']) {
      connection.on(event, (error: unknown) =>
        console.error('A connection to the local Service Bus failed:', error),
      );
    }
    socket.on('close', () => this.#end());
    acceptSocket(connection, socket);
  }

  /** True once its socket is closed or condemned: what it still brings is to be ignored. */
  get gone(): boolean {
    return this.#gone;
  }

  /** Why its tokens do not allow this with the entity now; undefined when they do. */
  claimRefusal(path: string, right: Right): AmqpError | undefined {
    return this.#claims.refusal(path, right, this.#broker.now(), this.#broker.addressOf(path));
  }

  /** Closes as a service does that wants the client to come back later. */
  close(error: AmqpError): void {
    this.#gone = true;
    this.#connection.close({ ...error });
  }

  /** Detaches the links that it sends on, as a service does on which nothing was sent for a while. */
  detachIncoming(): void {
    for (const link of this.#incoming) {
      link.detach(refusal.idleLink(link.idleTimer, limits.idleLinkMs.value));
    }
    this.#incoming.clear();
  }

  /** Detaches the links that it receives on. */
  detachOutgoing(): void {
    for (const link of this.#outgoing) link.detach(refusal.idleLink(link.idleTimer, limits.idleLinkMs.value));
    this.#outgoing.clear();
  }

  /** Sends nothing more on the links that it receives on, and leaves them open. */
  deafen(): void {
    for (const link of this.#outgoing) link.deafen();
  }

  /** Destroys the socket without a word. */
  drop(): void {
    this.#gone = true;
    this.#socket.destroy();
  }

  /** Neither reads nor writes until `thaw`; to the client the connection just goes quiet. */
  freeze(): void {
    this.#socket.pause();
    this.#socket.cork();
  }

  thaw(): void {
    this.#socket.uncork();
    this.#socket.resume();
  }

  #end(): void {
    this.#gone = true;
    this.#watch.close();
    socketClosed(this.#connection);
    for (const link of this.#outgoing) link.close();
    this.#outgoing.clear();
  }

  #onIncoming(receiver: Receiver): void {
    const address = receiver.target?.address ?? '';
    if (address === cbsAddress) {
      serveRequests(receiver, 'kebab', (request) => {
        const response = putToken(request, this.#broker, this.#claims);
        if (response.status === putTokenAccepted) this.#watch.tokenPut();
        return response;
      });
    } else if (address.endsWith(managementSuffix)) {
      this.#onRequestLink(receiver, address);
    } else {
      const target = this.#broker.namespace.target(address);
      const refused =
        this.#attachRefusal(address, 'Send') ??
        (target === undefined ? refusal.notFound(this.#broker.addressOf(address)) : undefined) ??
        (target?.limits.disabled === true ? refusal.disabled(address) : undefined);
      if (target === undefined || refused !== undefined) {
        receiver.close({ ...refused });
        return;
      }
      const link = new IncomingLink(this.#broker, this, receiver, target);
      this.#incoming.add(link);
      this.#watch.add(link);
      receiver.on('receiver_close', () => {
        this.#incoming.delete(link);
        this.#watch.remove(link);
      });
    }
  }

  /** Requests want the right that each of them needs, and the link any of them. */
  #onRequestLink(receiver: Receiver, address: string): void {
    const path = address.slice(0, -managementSuffix.length);
    const right = this.claimRefusal(address, 'Listen') === undefined ? 'Listen' : 'Send';
    const refused =
      this.#attachRefusal(address, right) ??
      (this.#broker.namespace.has(path) ? undefined : refusal.notFound(this.#broker.addressOf(path)));
    if (refused !== undefined) {
      receiver.close({ ...refused });
      return;
    }
    const link = new ManagementLink(receiver, address, right, this.#broker.now());
    this.#watch.add(link);
    receiver.on('receiver_close', () => this.#watch.remove(link));
    serveRequests(receiver, 'camel', (request) => {
      link.lastUsedAt = this.#broker.now();
      return manage(request, this.#broker, path, (needed) => this.claimRefusal(address, needed));
    });
  }

  #onOutgoing(sender: Sender): void {
    const address = sender.source?.address ?? '';
    if (address === cbsAddress || address.endsWith(managementSuffix)) {
      sender.set_source(sender.source);
      sender.set_target(sender.target);
      return;
    }
    const refused = this.#attachRefusal(address, 'Listen');
    const entity = this.#broker.namespace.source(address);
    if (refused !== undefined || entity === undefined) {
      sender.close({ ...(refused ?? refusal.notFound(this.#broker.addressOf(address))) });
      return;
    }
    const session = requestedSession(sender);
    if (entity.queue.requiresSession !== (session !== undefined)) {
      sender.close({
        ...(session === undefined ? refusal.sessionRequired(address) : refusal.noSessions(address)),
      });
      return;
    }
    sender.set_target(sender.target);
    if (session === undefined) {
      sender.set_source(sender.source);
      this.#keep(sender, new OutgoingLink(sender, entity, undefined, this.#broker.now));
    } else {
      attachSession(sender, entity, session, this.#broker.now, (link) => this.#keep(sender, link));
    }
  }

  #keep(sender: Sender, link: OutgoingLink): void {
    if (this.#gone) {
      link.close();
      return;
    }
    this.#outgoing.add(link);
    this.#watch.add(link);
    sender.on('sender_close', () => {
      this.#outgoing.delete(link);
      this.#watch.remove(link);
      link.close();
    });
  }

  #attachRefusal(address: string, right: Right): AmqpError | undefined {
    const path = address.endsWith(managementSuffix) ? address.slice(0, -managementSuffix.length) : address;
    return attachFault(this.#broker, path, right) ?? this.claimRefusal(address, right);
  }
}
