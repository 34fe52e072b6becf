import { OutcomeUnknownError, TransientStoreError } from '../../../lib/storage/errors.js';
import type { ClientBatch, CommitBatch, DurableStore, InboxAnswer, MessageKey, WorkerInfo } from '../../../lib/storage/store.js';
import { TypeOrmStore } from '../../../lib/storage/typeorm-store.js';
import { refused } from './faulty-connection.js';
import { OvertakenPolls } from './overtaken-poll.js';
import type { SimulatedProcess } from './process.js';
import { SimulatedDatabase, type DatabaseWorld } from './simulated-database.js';

export interface Network extends DatabaseWorld {
  /** Whether the database cannot be reached now. */
  readonly isAway: boolean;
  readonly leaseDuration: number;
  trace(line: () => string): void;
}

/** Longest way of a request or an answer in quiet times, ms. */
const MAX_LATENCY = 3;

/**
 * The store as one process sees it: the module's own, over a network. Requests and answers take their time, may overtake each other, and
 * come late or never; a dead process gets no answers, a paused one gets them when it goes on.
 */
export function remoteStore(network: Network, process: SimulatedProcess): DurableStore {
  const database = new SimulatedDatabase(network, process);
  const real = new TypeOrmStore(database);
  const polls = new OvertakenPolls(network);
  return new Proxy<DurableStore>(real, {
    get(target, property) {
      const value: unknown = Reflect.get(target, property, target);
      if (typeof value !== 'function') return value;
      const method = String(property);
      return (...args: unknown[]) => {
        if (!process.isAlive) return new Promise(() => undefined);
        const batch = method === 'commit' ? (args[0] as CommitBatch) : undefined;
        return new Call(network, process, polls, method, batch, messagesOf(method, args), async (isGivenUp) => {
          database.committing = batch;
          // What was given up is what its process knew then, not now.
          if (batch && !isGivenUp) network.submitted.push({ process: process.name, batch, written: network.written.length });
          return (value as (...args: unknown[]) => Promise<unknown>).apply(target, args);
        }).made();
      };
    },
  });
}

/** What the call writes to inboxes. */
function messagesOf(method: string, args: readonly unknown[]): readonly MessageKey[] {
  if (method === 'commit') return (args[0] as CommitBatch).checkpoints.flatMap(({ messages }) => messages);
  return method === 'applyClientBatch' ? (args[1] as ClientBatch).operations.map(({ message }) => message) : [];
}

class Call {
  private isGivenUp = false;

  constructor(
    private readonly network: Network,
    private readonly process: SimulatedProcess,
    private readonly polls: OvertakenPolls,
    private readonly method: string,
    private readonly batch: CommitBatch | undefined,
    private readonly messages: readonly MessageKey[],
    private readonly carryOut: (isGivenUp: boolean) => Promise<unknown>,
  ) {}

  /** Settles when the answer has come; never for a dead process. */
  made(): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const { lane, faults } = this.network;
      this.isGivenUp = this.method === 'commit' && faults.strikes('given up, carried out later', this.place);
      if (this.isGivenUp) this.giveUp(reject);
      else lane.after(this.way('request late'), () => this.leave(() => void this.arrive(resolve, reject)));
    });
  }

  /** All of a commit is in one request: its process may hear that the connection is lost, and ask what has become of it, before that arrives. */
  private giveUp(reject: (error: unknown) => void): void {
    const { lane, faults: { random } } = this.network;
    this.process.lane.after(random.between(1, 100), () => reject(new OutcomeUnknownError('The connection was lost.')));
    lane.after(random.between(1, 1_000), () => void this.arrive(() => undefined, () => undefined));
  }

  /** A process that is stopped while it writes to its connection sends the rest when it goes on: by then the partition may be another's. */
  private leave(arrive: () => void): void {
    const { process, network: { faults, lane, leaseDuration } } = this;
    const isStopped = this.method === 'commit' && process.lane.state === 'running' && faults.strikes('process paused in a commit', this.place);
    if (!isStopped || !process.pause()) return arrive();
    lane.after(faults.random.between(leaseDuration, 3 * leaseDuration), () => {
      process.resume();
      arrive();
    });
  }

  private async arrive(resolve: (result: unknown) => void, reject: (error: unknown) => void): Promise<void> {
    const { faults, isAway } = this.network;
    const { process } = this;
    if (process.isAlive && process.isMortal && faults.strikes('crash before a call', this.place)) process.die();
    // What a process sent before its death may still be carried out.
    if (!process.isAlive && faults.random.chance(0.5)) return;
    const isOvertaken = this.method === 'readInbox' && faults.strikes('poll overtaken', this.place);
    if (isOvertaken) await this.polls.whenWritten();
    let settle: () => void;
    try {
      if (isAway || faults.strikes('connection refused', this.place)) throw new TransientStoreError(refused().message, { cause: refused() });
      const result = await this.carryOut(this.isGivenUp);
      this.network.trace(() => `${this.place} done`);
      this.polls.written(this.messages);
      if (this.method === 'registerWorker') process.incarnation = (result as WorkerInfo).incarnation;
      if (isOvertaken) await this.polls.whenConsumed(result as InboxAnswer);
      settle = () => {
        resolve(result);
        if (this.batch) this.polls.heard(this.batch);
      };
    } catch (error) {
      this.network.trace(() => `${this.place} failed: ${error instanceof Error ? `${error.name} ${error.message}` : String(error)}`);
      settle = () => reject(error);
    }
    process.lane.after(this.outlastsOwnership() ?? this.way('answer late'), settle);
  }

  /** The process is stopped until others have its partitions, goes on, may have them again, and hears of its call only then. */
  private outlastsOwnership(): number | undefined {
    const { process, network: { faults, lane, leaseDuration } } = this;
    const isLate = this.method === 'applyClientBatch' && process.isMortal && process.lane.state === 'running' && faults.strikes('answer after a takeover', this.place);
    if (!isLate || !process.pause()) return undefined;
    const pause = faults.random.between(leaseDuration, 2 * leaseDuration);
    lane.after(pause, () => process.resume());
    return pause + faults.random.between(leaseDuration, 4 * leaseDuration);
  }

  private get place(): string {
    return `${this.process.name} ${this.method}`;
  }

  private way(late: 'request late' | 'answer late'): number {
    const { faults, leaseDuration } = this.network;
    const { random } = faults;
    if (!faults.strikes(late, this.place)) return random.next() * MAX_LATENCY;
    return random.chance(0.7) ? random.between(10, 500) : random.between(500, 2 * leaseDuration);
  }
}
