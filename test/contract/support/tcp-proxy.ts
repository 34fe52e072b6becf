import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** What the proxy does with a statement of the client that matches. */
type Rule =
  /** Passes it on, and cuts the connection before the answer. */
  | { readonly kind: 'cut-after'; readonly pattern: RegExp; readonly cut: () => void }
  /** Cuts the connection in place of passing it on. */
  | { readonly kind: 'cut-before'; readonly pattern: RegExp; readonly cut: () => void }
  /** Keeps it until `release`. */
  | { readonly kind: 'hold'; readonly pattern: RegExp; readonly held: () => void; readonly released: Promise<void> };

/**
 * Between a store and its server: holds a statement back, or cuts the connection at one, each rule one time; or lets nothing
 * through for a while and says nothing, as a network that loses packets.
 */
export class TcpProxy {
  private rule: Rule | undefined;
  private passable = Promise.resolve();
  private readonly sockets = new Set<Socket>();
  private readonly server: Server;

  private constructor(private readonly host: string, private readonly targetPort: number) {
    this.server = createServer((client) => this.serve(client));
  }

  static async start(host: string, port: number): Promise<TcpProxy> {
    const proxy = new TcpProxy(host, port);
    await new Promise<void>((resolve) => proxy.server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** `done` resolves when a statement has met this. */
  cut(when: 'before' | 'after', pattern: RegExp): { readonly done: Promise<void> } {
    const done = new Promise<void>((resolve) => (this.rule = { kind: `cut-${when}`, pattern, cut: resolve }));
    return { done };
  }

  /** `held` resolves when a statement was stopped; `release` lets it pass. */
  hold(pattern: RegExp): { readonly held: Promise<void>; readonly release: () => void } {
    let release = () => {};
    const released = new Promise<void>((resolve) => (release = resolve));
    const held = new Promise<void>((resolve) => (this.rule = { kind: 'hold', pattern, held: resolve, released }));
    return { held, release };
  }

  /** Nothing passes from now on, neither data nor the news that a connection has ended; `resume` delivers all of it, late. */
  stall(): { readonly resume: () => void } {
    let resume = () => {};
    this.passable = new Promise<void>((resolve) => (resume = resolve));
    return { resume };
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private serve(client: Socket): void {
    const server = connect(this.targetPort, this.host);
    let muted = false;
    let queue = Promise.resolve();
    const end = () => {
      client.destroy();
      server.destroy();
    };
    const endLate = () => void (queue = queue.then(() => this.passable).then(end));
    for (const socket of [client, server]) {
      this.sockets.add(socket);
      socket.on('error', endLate).on('close', () => {
        this.sockets.delete(socket);
        endLate();
      });
    }
    const answer: Buffer[] = [];
    server.on('data', (data) => {
      void this.passable.then(() => {
        if (!muted) return void client.write(data);
        answer.push(data);
        // Cut only then: the server has done all that it was asked.
        if (isWhole(Buffer.concat(answer))) end();
      });
    });
    client.on('data', (data) => {
      queue = queue.then(async () => {
        await this.passable;
        const { rule } = this;
        if (rule?.pattern.test(data.toString('latin1'))) {
          this.rule = undefined;
          if (rule.kind !== 'hold') rule.cut();
          if (rule.kind === 'cut-before') return end();
          if (rule.kind === 'cut-after') muted = true;
          else {
            rule.held();
            await rule.released;
          }
        }
        server.write(data);
      });
    });
  }
}

const MORE_RESULTS = 8;

/** Whether the answer to a text of several statements has come to its end: its last packet says OK, EOF or an error, and no more results. */
function isWhole(answer: Buffer): boolean {
  let last: Buffer | undefined;
  let next = 0;
  while (next + 4 <= answer.length) {
    const begin = next + 4;
    next = begin + answer.readUIntLE(next, 3);
    last = answer.subarray(begin, next);
  }
  if (!last || next !== answer.length) return false;
  if (last[0] === 0xff) return true;
  if (last[0] === 0xfe) return (last.readUInt16LE(3) & MORE_RESULTS) === 0;
  if (last[0] !== 0) return false;
  const insertId = afterNumber(last, 1);
  return (last.readUInt16LE(afterNumber(last, insertId)) & MORE_RESULTS) === 0;
}

/** Where a length-encoded number ends that begins there. */
function afterNumber(packet: Buffer, begin: number): number {
  const first = packet[begin]!;
  return begin + (first < 0xfb ? 1 : first === 0xfc ? 3 : first === 0xfd ? 4 : 9);
}
