import type { Socket } from 'node:net';

/** The connections of a pool for as long as they are open. */
export class OpenConnections {
  private readonly sockets = new Set<Socket>();

  add({ stream }: { readonly stream: Socket }): void {
    if (this.sockets.has(stream) || stream.destroyed) return;
    this.sockets.add(stream);
    stream.once('close', () => this.sockets.delete(stream));
  }

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
