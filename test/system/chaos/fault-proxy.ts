import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export type Way = 'toServer' | 'toClient';

/** What a network does to every connection that goes over it, old and new. */
interface Weather {
  /** Nothing arrives for now; nothing is lost. */
  held: Promise<void> | undefined;
  delayMs: number;
  bytesPerSecond: number;
  /** How many chunks have arrived at either end. */
  passed: number;
  trap: Trap | undefined;
}

/** What is swallowed once it comes. */
export interface Trap {
  readonly text: string;
  /** It has come; or nothing is to be swallowed any more. */
  sprung: boolean;
}

/** A network between clients and one server on this machine, with faults on demand. The caller closes it. */
export class FaultProxy {
  readonly name: string;
  readonly #server: Server;
  readonly #links = new Set<Link>();
  readonly #weather: Weather = {
    held: undefined,
    delayMs: 0,
    bytesPerSecond: Number.POSITIVE_INFINITY,
    passed: 0,
    trap: undefined,
  };
  #release: () => void = () => undefined;

  static async open(name: string, targetPort: number): Promise<FaultProxy> {
    const proxy = new FaultProxy(name, targetPort);
    proxy.#server.listen(0, 'localhost');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  private constructor(name: string, targetPort: number) {
    this.name = name;
    this.#server = createServer({ noDelay: true, allowHalfOpen: true }, (client) => {
      const link = new Link(
        client,
        connect({ port: targetPort, host: '127.0.0.1', noDelay: true, allowHalfOpen: true }),
        this.#weather,
      );
      this.#links.add(link);
      link.onClosed = () => this.#links.delete(link);
    });
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Grows while something is under way. */
  get passed(): number {
    return this.#weather.passed;
  }

  /** Resets every connection. */
  cut(): void {
    for (const link of this.#links) link.destroy();
  }

  /** Resets each connection of now when so many bytes more have gone this way, in the middle of whatever that is. */
  cutAfter(bytes: number, way: Way): void {
    for (const link of this.#links) link.ways[way].bytesLeft = bytes;
  }

  /** The connections of now stay open and carry nothing any more, this way or both; new ones work. */
  silence(ways: readonly Way[]): void {
    for (const link of this.#links) for (const way of ways) link.ways[way].silent = true;
  }

  /** The next message of a client with this text in it is swallowed, with all that comes after it on that connection. */
  swallow(text: string): Trap {
    this.#weather.trap = { text, sprung: false };
    return this.#weather.trap;
  }

  /** Holds back everything, also of new connections, until healed. */
  hold(): void {
    this.#weather.held ??= new Promise((release) => {
      this.#release = release;
    });
  }

  delay(ms: number): void {
    this.#weather.delayMs = ms;
  }

  throttle(bytesPerSecond: number): void {
    this.#weather.bytesPerSecond = bytesPerSecond;
  }

  /** Good weather again; connections that went silent are reset. */
  heal(): void {
    Object.assign(this.#weather, {
      held: undefined,
      delayMs: 0,
      bytesPerSecond: Number.POSITIVE_INFINITY,
      trap: undefined,
    });
    this.#release();
    for (const link of this.#links) {
      link.ways.toServer.bytesLeft = link.ways.toClient.bytesLeft = Number.POSITIVE_INFINITY;
      if (link.ways.toServer.silent || link.ways.toClient.silent) link.destroy();
    }
  }

  close(): void {
    this.#release();
    this.#server.close();
    this.cut();
  }
}

class Link {
  readonly ways: Readonly<Record<Way, Direction>>;
  onClosed: () => void = () => undefined;
  readonly #sockets: readonly Socket[];

  constructor(client: Socket, server: Socket, weather: Weather) {
    this.#sockets = [client, server];
    const cut = () => this.destroy();
    for (const socket of this.#sockets) {
      socket.on('close', () => this.#sockets.every(({ destroyed }) => destroyed) && this.onClosed());
    }
    this.ways = {
      toServer: new Direction(client, server, weather, cut, (chunk) => isSwallowed(chunk, weather)),
      toClient: new Direction(server, client, weather, cut, () => false),
    };
  }

  destroy(): void {
    for (const socket of this.#sockets) {
      // A reset after a shutdown is refused by the system, and the socket would stay open for ever.
      if (socket.writableEnded) socket.destroy();
      else socket.resetAndDestroy();
    }
    this.onClosed();
  }
}

function isSwallowed(chunk: Buffer, weather: Weather): boolean {
  if (weather.trap === undefined || weather.trap.sprung || !chunk.includes(weather.trap.text)) return false;
  weather.trap.sprung = true;
  return true;
}

class Direction {
  silent = false;
  bytesLeft = Number.POSITIVE_INFINITY;
  readonly #from: Socket;
  readonly #to: Socket;
  readonly #weather: Weather;
  readonly #cut: () => void;

  constructor(
    from: Socket,
    to: Socket,
    weather: Weather,
    cut: () => void,
    isSwallowed: (chunk: Buffer) => boolean,
  ) {
    this.#from = from;
    this.#to = to;
    this.#weather = weather;
    this.#cut = cut;
    from.on('error', () => undefined); // cutting connections is what this is for
    from.on('data', (chunk) => {
      if (isSwallowed(chunk)) this.silent = true;
      this.#onData(chunk);
    });
    from.on('end', () => this.silent || to.end());
    from.on('close', (failed) => {
      if (failed && !this.silent) cut();
    });
  }

  #onData(chunk: Buffer): void {
    const { held, delayMs, bytesPerSecond } = this.#weather;
    if (held === undefined && delayMs === 0 && bytesPerSecond === Number.POSITIVE_INFINITY) {
      this.#pass(chunk);
      return;
    }
    this.#from.pause();
    void this.#passSlowly(chunk).then(() => this.#from.resume());
  }

  async #passSlowly(chunk: Buffer): Promise<void> {
    const { held, delayMs, bytesPerSecond } = this.#weather;
    await held;
    await sleep(delayMs + (1_000 * chunk.length) / bytesPerSecond, undefined, { ref: false });
    this.#pass(chunk);
  }

  #pass(chunk: Buffer): void {
    if (this.silent || this.#to.destroyed) return;
    this.#weather.passed++;
    const whole = chunk.length <= this.bytesLeft;
    const more = this.#to.write(
      whole ? chunk : chunk.subarray(0, this.bytesLeft),
      () => whole || this.#cut(),
    );
    this.bytesLeft -= chunk.length;
    if (!whole) this.silent = true;
    else if (!more) {
      this.#from.pause();
      this.#to.once('drain', () => this.#from.resume());
    }
  }
}
