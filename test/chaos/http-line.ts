import { EventEmitter, once } from 'node:events';
import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

/** A request that came through, and how it was answered. */
export interface Passage {
  readonly method: string;
  readonly path: string;
  readonly status: number;
}

/**
 * The line between two applications. It stays when one of them is killed, keeps answers back, and knows what was said. It
 * shortens the seconds until a caller is to ask again.
 */
export class HttpLine {
  readonly passages: Passage[] = [];
  /** Where the other end listens; it changes with each start. */
  targetPort: number | undefined;
  private readonly rules = new Map<RegExp, (passage: Passage) => void>();
  private readonly events = new EventEmitter();
  private readonly server: Server;

  private constructor() {
    this.server = createServer((incoming, outgoing) => {
      // Nobody listens at the other end, or one of both ends has died: the caller learns no more than that.
      this.pass(incoming, outgoing).catch(() => {
        outgoing.destroy();
        this.events.emit('broken');
      });
    });
  }

  static async open(): Promise<HttpLine> {
    const line = new HttpLine();
    await new Promise<void>((resolve) => line.server.listen(0, '127.0.0.1', resolve));
    return line;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Never delivers the answer to the next request that matches (`POST /path`). Resolves when the other end has given it. */
  keepAnswer(pattern: RegExp): Promise<Passage> {
    return new Promise((kept) => this.rules.set(pattern, kept));
  }

  /** Resolves when the next request that matches was answered. */
  async answered(pattern: RegExp): Promise<Passage> {
    for (;;) {
      const [passage] = (await once(this.events, 'passage')) as [Passage];
      if (pattern.test(`${passage.method} ${passage.path}`)) return passage;
    }
  }

  /** Resolves when so many requests from now on have found nobody. */
  async unanswered(count: number): Promise<void> {
    for (let left = count; left > 0; left -= 1) await once(this.events, 'broken');
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async pass(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const { method = '', url: path = '', headers } = incoming;
    const body = await buffer(incoming);
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      // The caller's host: the links of the answer lead over this line too.
      request({ port: this.targetPort, host: '127.0.0.1', method, path, headers, agent: false }, resolve).on('error', reject).end(body);
    });
    const content = await buffer(answer);
    const passage = { method, path, status: answer.statusCode! };
    this.passages.push(passage);
    const rule = [...this.rules.keys()].find((pattern) => pattern.test(`${method} ${path}`));
    if (rule) {
      this.rules.get(rule)!(passage);
      this.rules.delete(rule);
      return;
    }
    const shorter = answer.headers['retry-after'] === undefined ? {} : { 'retry-after': '1' };
    outgoing.writeHead(passage.status, { ...answer.headers, ...shorter }).end(content);
    this.events.emit('passage', passage);
  }
}
