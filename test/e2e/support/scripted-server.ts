import { createServer, type IncomingMessage, type OutgoingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** `reset` breaks the connection, `silence` never answers, `flood` sends a body without end. */
export type Reply = { readonly status?: number; readonly headers?: OutgoingHttpHeaders; readonly body?: string } | 'reset' | 'silence' | 'flood';

export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
  /** The client went away before it had its answer. */
  isAbandoned: boolean;
}

/** An HTTP server on 127.0.0.1 that answers by a script. Its answers hold nothing of chance: they stand in histories, which are compared. */
export class ScriptedServer {
  /** Since the script began. */
  seen: SeenRequest[] = [];
  private script: Readonly<Record<string, readonly (Reply | Promise<Reply>)[]>> = {};
  private readonly server = createServer((request, response) => void this.answer(request, response));

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  url(path = '/'): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}${path}`;
  }

  /** Replies by path, one after the other; the last one stays. */
  play(script: Readonly<Record<string, readonly (Reply | Promise<Reply>)[]>>): void {
    this.script = script;
    this.seen = [];
  }

  /** Method and path of what was seen. */
  get calls(): string[] {
    return this.seen.map(({ method, path }) => `${method} ${path}`);
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url: path = '', headers } = request;
    const entry: SeenRequest = { method, path, headers, body: await text(request), isAbandoned: false };
    response.on('close', () => (entry.isAbandoned = !response.writableFinished));
    const replies = this.script[path] ?? [{ status: 404 }];
    const reply = replies[Math.min(this.seen.filter((earlier) => earlier.path === path).length, replies.length - 1)]!;
    this.seen.push(entry);
    await this.send(response, await reply);
  }

  private async send(response: ServerResponse, reply: Reply): Promise<void> {
    if (reply === 'silence') return;
    if (reply === 'reset') {
      response.destroy();
      return;
    }
    response.sendDate = false;
    if (reply !== 'flood') {
      response.writeHead(reply.status ?? 200, reply.headers).end(reply.body);
      return;
    }
    while (!response.destroyed) {
      if (!response.write('x'.repeat(10_000))) await new Promise((resolve) => response.once('drain', resolve).once('close', resolve));
    }
  }
}

/** Servers for the tests of a spec file. */
export function useServers<const T extends readonly string[]>(...names: T): { readonly [K in T[number]]: ScriptedServer } {
  const servers = Object.fromEntries(names.map((name) => [name, new ScriptedServer()])) as { [K in T[number]]: ScriptedServer };
  const all: ScriptedServer[] = Object.values(servers);
  beforeAll(() => Promise.all(all.map((server) => server.listen())));
  afterAll(() => Promise.all(all.map((server) => server.close())));
  return servers;
}
