import { connect, type Socket } from 'node:net';

/** What a connection of mysql2 is to have, as far as this file needs it. */
interface ConnectionConfig {
  readonly host: string;
  readonly port: number;
  readonly socketPath?: string;
  readonly enableKeepAlive?: boolean;
  readonly keepAliveInitialDelay?: number;
}

/** Makes the socket of a connection: the driver's option `stream`, which cloud vendors' connectors give. */
export type StreamFactory = (options: { readonly config: ConnectionConfig }) => Socket;

/** The sockets of a pool, from the beginning of their handshake on until they are closed. */
export class OpenConnections {
  private readonly sockets = new Set<Socket>();

  constructor(private readonly make: StreamFactory = connectTo) {}

  readonly open: StreamFactory = (options) => {
    const socket = this.make(options);
    this.sockets.add(socket);
    return socket.once('close', () => this.sockets.delete(socket));
  };

  /**
   * Resolves when all are closed. A server that was told of the end closes them; where the network has become silent nobody does, and they
   * would keep the process from ending: after `patience` ms they are broken off.
   */
  async ended(patience: number): Promise<void> {
    const timer = setTimeout(() => {
      for (const socket of this.sockets) socket.destroy();
    }, patience);
    await Promise.all([...this.sockets].map((socket) => new Promise((resolve) => socket.once('close', resolve))));
    clearTimeout(timer);
  }
}

/** As the driver does it by itself. */
function connectTo({ config: { host, port, socketPath, enableKeepAlive, keepAliveInitialDelay } }: Parameters<StreamFactory>[0]): Socket {
  if (socketPath) return connect(socketPath);
  return connect({ host, port, noDelay: true, keepAlive: enableKeepAlive, keepAliveInitialDelay });
}
