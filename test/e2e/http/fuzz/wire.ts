import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { connect } from 'node:net';

/** A request as it goes over the wire: nothing is encoded, completed or checked. */
export interface WireRequest {
  readonly method: string;
  /** With the query; of visible characters of ASCII. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Buffer;
  /** Sent in chunks, so that its length is not told before. */
  readonly chunked?: boolean;
}

export interface WireAnswer {
  readonly status: number;
  readonly body: string;
}

/** Longer than this is a hang, ms. */
const DEADLINE = 5_000;

/** Sends requests to one server over a few kept connections. */
export class Wire {
  private readonly agent = new Agent({ keepAlive: true, maxSockets: 16 });

  constructor(private readonly origin: string) {}

  send({ method, path, headers, body, chunked }: WireRequest): Promise<WireAnswer> {
    const { hostname, port } = new URL(this.origin);
    const length = body === undefined || chunked ? {} : { 'content-length': String(body.length) };
    return new Promise((resolve, reject) => {
      const sent = request({ agent: this.agent, hostname, port, method, path, headers: { ...length, ...headers } }, (response) => {
        const parts: Buffer[] = [];
        response.on('data', (part: Buffer) => parts.push(part));
        response.on('end', () => {
          clearTimeout(timer);
          resolve({ status: response.statusCode!, body: Buffer.concat(parts).toString() });
        });
      });
      const timer = setTimeout(() => sent.destroy(new Error(`no answer within ${DEADLINE} ms`)), DEADLINE);
      sent.on('error', (error) => {
        clearTimeout(timer);
        reject(error);
      });
      for (let at = 0; chunked && body !== undefined && at < body.length; at += 16_384) sent.write(body.subarray(at, at + 16_384));
      sent.end(chunked ? undefined : body);
    });
  }

  /**
   * Sends bytes that need be no HTTP. Answers the statuses that come back until the server closes the connection; with `leave`,
   * the connection is closed at once.
   */
  async sendBytes(bytes: string, { leave = false } = {}): Promise<number[]> {
    const { hostname, port } = new URL(this.origin);
    const socket = connect(Number(port), hostname);
    const closed = once(socket, 'close');
    let answer = '';
    socket.setTimeout(DEADLINE, () => socket.destroy(new Error(`no end of the connection within ${DEADLINE} ms`)));
    socket.on('data', (data: Buffer) => (answer += data.toString('latin1')));
    await new Promise<void>((resolve) => socket.write(bytes, 'latin1', () => resolve()));
    if (leave) socket.destroy();
    await closed;
    return [...answer.matchAll(/^HTTP\/1\.1 (\d{3})/gm)].map(([, status]) => Number(status));
  }

  close(): void {
    this.agent.destroy();
  }
}
