import type { MessageKey } from '../storage/store.js';

const nameOf = ({ partition, key, sender }: MessageKey) => `${partition}.${key}.${sender}`;

/**
 * Messages that the client of this process has sent and not heard of yet. A poll may bring one before the answer to its own commit does,
 * and it may be consumed by then: handed over all the same, it would be taken up twice (I4).
 */
export class SentMessages {
  /** By name: whether it was consumed since it was sent. */
  private readonly unanswered = new Map<string, boolean>();

  sent(messages: readonly MessageKey[]): void {
    for (const message of messages) this.unanswered.set(nameOf(message), false);
  }

  /** Checkpoints of this process have consumed messages, whoever sent them. */
  consumed(messages: readonly MessageKey[]): void {
    if (this.unanswered.size === 0) return;
    for (const message of messages) if (this.unanswered.has(nameOf(message))) this.unanswered.set(nameOf(message), true);
  }

  /** The call has ended. @returns those of its messages that are still to be taken up, if they were written */
  answered<M extends MessageKey>(messages: readonly M[]): M[] {
    const left = messages.filter((message) => this.unanswered.get(nameOf(message)) !== true);
    for (const message of messages) this.unanswered.delete(nameOf(message));
    return left;
  }
}
