import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/**
 * What users put before a cluster: a proxy that leads each new connection to the first node of its list that takes it, and knows
 * nothing of the protocol. When a node comes back, a process may have connections to two of them.
 */
export class NodeSwitch {
  private readonly sockets = new Set<Socket>();
  private readonly server: Server;

  private constructor(private readonly ports: readonly number[]) {
    this.server = createServer((client) => this.lead(client, 0));
  }

  /** @param ports of the nodes, the preferred one first */
  static async start(ports: readonly number[]): Promise<NodeSwitch> {
    const proxy = new NodeSwitch(ports);
    await new Promise<void>((resolve) => proxy.server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private lead(client: Socket, index: number): void {
    const port = this.ports[index];
    if (port === undefined) return void client.destroy();
    const node = connect(port, '127.0.0.1');
    node.once('error', () => this.lead(client, index + 1));
    node.once('connect', () => {
      node.removeAllListeners('error');
      this.join(client, node);
    });
  }

  private join(client: Socket, node: Socket): void {
    const end = () => {
      for (const socket of [client, node]) {
        socket.destroy();
        this.sockets.delete(socket);
      }
    };
    for (const socket of [client, node]) {
      this.sockets.add(socket);
      socket.setNoDelay(true).on('error', end).on('close', end);
    }
    client.pipe(node).pipe(client);
  }
}
