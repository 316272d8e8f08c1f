import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** One keep-alive connection with one request at a time, as cheaply as Node can. The answer must have a Content-Length. */
export class HttpClient {
  readonly #socket: Socket;
  #received = '';
  #waiting: { resolve: (answer: string) => void; reject: (error: unknown) => void } | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setEncoding('latin1'); // a character a byte
    socket.on('data', (text: string) => this.#onData(text));
    socket.on('error', (error) => this.#waiting?.reject(error));
    socket.on('close', () => this.#waiting?.reject(new Error('The connection was closed')));
  }

  static async open(port: number): Promise<HttpClient> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    await once(socket, 'connect');
    return new HttpClient(socket);
  }

  /** The whole answer, its head too. */
  send(request: Buffer): Promise<string> {
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#socket.write(request);
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #onData(text: string): void {
    this.#received += text;
    const headEnd = this.#received.indexOf('\r\n\r\n');
    if (headEnd === -1) return;
    const lengthAt = this.#received.search(/content-length: /i);
    const length = Number.parseInt(this.#received.slice(lengthAt + 16, lengthAt + 26), 10);
    if (this.#received.length < headEnd + 4 + length) return;
    const answer = this.#received;
    this.#received = '';
    this.#waiting?.resolve(answer);
  }
}

export const bodyOf = (answer: string): string => answer.slice(answer.indexOf('\r\n\r\n') + 4);

export function requestText(
  port: number,
  method: string,
  path: string,
  body?: string,
  authorization?: string,
): string {
  const field = authorization === undefined ? '' : `Authorization: ${authorization}\r\n`;
  const head = `${method} ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n${field}`;
  if (body === undefined) return `${head}\r\n`;
  return `${head}Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}
