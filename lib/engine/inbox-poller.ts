/**
 * Finds by polling whatever no signal told of (I6): messages and waiting activities from other processes, and that partitions
 * or workers have changed. All partitions in one query; the interval is short after foreign traffic and grows while there is none.
 */
import type { DurableStore, HubSigns, InboxMessage, MessageKey, WorkerInfo } from '../storage/store.js';
import type { Cancel, Clock } from './clock.js';
import type { Partition } from './partition.js';
import type { StoreHealth } from './store-health.js';

export interface InboxPollerPort {
  readonly store: Pick<DurableStore, 'readInbox'>;
  readonly clock: Clock;
  readonly health: StoreHealth;
  readonly maxPollingInterval: number;
  worker(): WorkerInfo;
  partitions(): readonly Partition[];
  /** Told with each poll what it saw of the hub; answers whether that is news. */
  noticed(signs: HubSigns): boolean;
  received(partition: Partition, message: InboxMessage): void;
  /** Takes waiting activities; answers whether there were any for this process. */
  claimActivities(): Promise<boolean>;
}

/** Interval after foreign traffic, ms. */
const MIN_INTERVAL = 100;
/** How long the interval stays short for messages of a transaction that nobody tells the end of, ms. */
const EXPECTATION = 5_000;

export class InboxPoller {
  private interval = MIN_INTERVAL;
  private cancelNext: Cancel | undefined;
  private polling: Promise<void> | undefined;
  private again = false;
  private stopped = false;
  private expectsUntil = -Infinity;

  constructor(private readonly port: InboxPollerPort) {}

  /** Polls now; and once more after a poll that is under way. */
  nudge(): void {
    if (this.stopped) return;
    if (this.polling) {
      this.again = true;
      return;
    }
    this.cancelNext?.();
    this.polling = this.poll().finally(() => {
      this.polling = undefined;
      if (this.again) {
        this.again = false;
        this.nudge();
      } else this.waitForNext();
    });
  }

  /** Polls at the short interval for a while: messages may become visible at any time. */
  expectMessages(): void {
    this.expectsUntil = this.port.clock.monotonic() + EXPECTATION;
    if (this.interval === MIN_INTERVAL) return;
    this.interval = MIN_INTERVAL;
    // Where nothing waits for the next poll, one is under way, or there is none to come: a client needs no messages.
    if (this.cancelNext && !this.polling) this.waitForNext();
  }

  /** Resolves after the poll that is under way, and one more if that was asked for. */
  async whenPolled(): Promise<void> {
    for (let polls = 0; polls < 2 && this.polling; polls += 1) await this.polling;
  }

  async stop(): Promise<void> {
    this.stopped = true;
    this.cancelNext?.();
    await this.polling;
  }

  private waitForNext(): void {
    if (this.stopped) return;
    this.cancelNext?.();
    this.cancelNext = this.port.clock.after(this.interval * (0.9 + Math.random() / 10), () => this.nudge());
  }

  private async poll(): Promise<void> {
    const { isNews, activitiesWait } = await this.readInbox();
    const found = (activitiesWait && (await this.port.claimActivities())) || isNews;
    const expects = this.port.clock.monotonic() < this.expectsUntil;
    this.interval = found || expects ? MIN_INTERVAL : Math.min(this.interval * 2, this.port.maxPollingInterval);
  }

  private async readInbox(): Promise<{ readonly isNews: boolean; readonly activitiesWait: boolean }> {
    const byIndex = new Map<number, Partition>();
    const ranges = [];
    for (const partition of this.port.partitions()) {
      const range = partition.beginRead();
      if (range === undefined) continue;
      byIndex.set(partition.index, partition);
      ranges.push({ ...range, partition: partition.index, without: partition.leftOut });
    }
    try {
      const isKnown = (key: MessageKey) => byIndex.get(key.partition)?.isKnown(key) ?? true;
      const { messages, cut, signs, activitiesWait } = await this.port.store.readInbox(this.port.worker(), ranges, isKnown);
      this.port.health.reached();
      const found = this.deliver(byIndex, messages, cut);
      return { isNews: this.port.noticed(signs) || found, activitiesWait };
    } catch (error) {
      for (const partition of byIndex.values()) partition.abandonRead();
      this.port.health.failed(error);
      // Perhaps some do, and can be claimed.
      return { isNews: false, activitiesWait: true };
    }
  }

  private deliver(byIndex: ReadonlyMap<number, Partition>, messages: readonly InboxMessage[], cut: readonly number[]): boolean {
    const byPartition = new Map<number, InboxMessage[]>();
    for (const message of messages) {
      const list = byPartition.get(message.partition);
      if (list) list.push(message);
      else byPartition.set(message.partition, [message]);
    }
    let found = false;
    for (const [index, partition] of byIndex) {
      const { fresh, more } = partition.endRead(byPartition.get(index) ?? [], cut.includes(index));
      if (partition.state === 'lost') continue;
      for (const message of fresh) this.port.received(partition, message);
      found ||= fresh.length > 0;
      this.again ||= more && fresh.length > 0;
    }
    return found;
  }
}
