import type { CommitBatch, InboxAnswer, MessageKey } from '../../../lib/storage/store.js';
import type { Network } from './remote-store.js';

/** How long a poll is held at most, on each of its ways, ms. */
const MAX_HELD = 2_000;

const nameOf = ({ partition, key, sender }: MessageKey) => `${partition}.${key}.${sender}`;

/**
 * Polls of one process that are late on purpose around its own commits: the request arrives between a commit and its answer, so that the
 * answer has what was just written, and comes when a later commit has consumed that (I4).
 */
export class OvertakenPolls {
  private requests: (() => void)[] = [];
  private readonly answers = new Map<() => void, ReadonlySet<string>>();

  constructor(private readonly network: Pick<Network, 'lane'>) {}

  /** Resolves when the process has written messages, and has not heard of it. */
  whenWritten(): Promise<void> {
    return this.held((goOn) => this.requests.push(goOn));
  }

  /** Resolves when the process has heard that it has consumed some of what the answer has. */
  async whenConsumed({ messages }: InboxAnswer): Promise<void> {
    if (messages.length > 0) await this.held((goOn) => this.answers.set(goOn, new Set(messages.map(nameOf))));
  }

  written(messages: readonly MessageKey[]): void {
    if (messages.length > 0) for (const goOn of this.requests.splice(0)) goOn();
  }

  heard({ checkpoints }: CommitBatch): void {
    if (this.answers.size === 0) return;
    const consumed = checkpoints.flatMap(({ consumedMessages }) => consumedMessages.map(nameOf));
    for (const [goOn, names] of this.answers) if (consumed.some((name) => names.has(name))) goOn();
  }

  private held(wait: (goOn: () => void) => void): Promise<void> {
    return new Promise((resolve) => {
      const goOn = () => {
        this.requests = this.requests.filter((each) => each !== goOn);
        this.answers.delete(goOn);
        resolve();
      };
      wait(goOn);
      this.network.lane.after(MAX_HELD, goOn);
    });
  }
}
