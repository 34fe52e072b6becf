import { voidNo, type InboxMessage, type InboxRange, type InstanceRow, type MessageHead, type MessageKey, type PartitionFence, type PartitionLease } from '../storage/store.js';
import { Claims } from './claims.js';
import type { HandlerRef } from './handler-sets.js';
import { EntitySlot } from './entities/entity-slot.js';
import { InstanceSlot } from './instance-slot.js';
import { KEYS_PER_MS, MessageKeys } from './message-keys.js';
import { weightOf } from './message-weight.js';
import { TimerQueue } from './timer-queue.js';

/** Messages of one partition that are kept in memory. */
const MAX_MESSAGES_IN_MEMORY = 5_000;
/** Bytes that they have, about; a message that alone has more is kept all the same. */
const MAX_BYTES_IN_MEMORY = 4 * 1024 * 1024;

/** Instances and entities that a poll or a sweep leaves out, at most: their ids stand in its statement. */
const MAX_LEFT_OUT = 200;

/** Messages that a poll reads beyond those that are in memory. */
const INBOX_READ_AHEAD = 500;

const nameOf = (key: Pick<MessageKey, 'key' | 'sender'>) => `${key.key}.${key.sender}`;

/**
 * A partition that this process owns: its fence, and what of its work is in memory. Memory holds a prefix of the inbox in
 * key order: when it is full, nothing is added from memory until reads from the database have caught up.
 */
export class Partition {
  readonly index: number;
  readonly keys: MessageKeys;
  readonly timers = new TimerQueue();
  readonly slots = new Map<string, InstanceSlot>();
  readonly entities = new Map<string, EntitySlot>();
  readonly claims = new Claims();
  /** Instances and entities that wait for a worker with their handler, by id [Y6]. */
  readonly parked = new Map<string, HandlerRef>();
  /** Instances and entities that have work and cannot go on, by id: why. They are tried again, less and less often; log and health tell of them. */
  readonly blocked = new Map<string, string>();
  /** Those whose messages stay in the inbox meanwhile. */
  private readonly aside = new Set<string>();
  /** When this process took it over from a worker that died, by engine time; `undefined`: it was given back. */
  readonly takenOverAt: number | undefined;
  /** `releasing`: finishes what is under way and takes nothing up; `lost`: somebody else's, or given back. */
  state: 'owned' | 'releasing' | 'lost' = 'owned';
  /** How many commits of its work this process has carried out. */
  commits = 0;
  private commitNo: number;
  private underWay = 0;
  private settledListeners: (() => void)[] = [];
  /** Messages in memory, with their bytes. */
  private readonly known = new Map<string, number>();
  private bytes = 0;
  private consumedSinceRead: Set<string> | undefined;
  /** Instances and entities of which something is to be read again: the read that is under way may bring only what lies behind it. */
  private readonly rereadSinceRead = new Set<string>();
  /** Whether the inbox may hold what memory does not; so at first, when nothing of it has been read. */
  private overflow: 'none' | 'skipping' | 'skipped-since-read' = 'skipped-since-read';
  /** Whether every message has been read that was there when this process took the partition over. */
  hasReadBacklog = false;

  constructor(readonly lease: PartitionLease, private readonly owner: string, now: () => number) {
    this.index = lease.partition;
    this.commitNo = lease.commitNo;
    this.keys = new MessageKeys(lease.lastKey, now);
    this.takenOverAt = lease.takenOverFrom === null ? undefined : now();
  }

  slot(instanceId: string): InstanceSlot {
    let slot = this.slots.get(instanceId);
    if (!slot) this.slots.set(instanceId, (slot = new InstanceSlot(this, instanceId)));
    return slot;
  }

  /** Drops a slot, unless another one has taken its place already: two of one instance would get in each other's way (I1). */
  removeSlot(slot: InstanceSlot): void {
    if (this.slots.get(slot.instanceId) === slot) this.slots.delete(slot.instanceId);
  }

  entity(instanceId: string): EntitySlot {
    let slot = this.entities.get(instanceId);
    if (!slot) this.entities.set(instanceId, (slot = new EntitySlot(this, instanceId)));
    return slot;
  }

  /** As {@link removeSlot}, for an entity. */
  removeEntity(slot: EntitySlot): void {
    if (this.entities.get(slot.instanceId) === slot) this.entities.delete(slot.instanceId);
  }

  /** Work has begun that ends with a checkpoint, or without one. */
  checkpointBegun(): void {
    this.underWay += 1;
  }

  checkpointEnded(): void {
    this.underWay -= 1;
    if (this.underWay === 0) for (const listener of this.settledListeners.splice(0)) listener();
  }

  /** Resolves when no such work is under way. */
  async whenSettled(): Promise<void> {
    while (this.underWay > 0) await new Promise<void>((resolve) => this.settledListeners.push(resolve));
  }

  /** The fence of the next commit (I2). */
  nextFence(): PartitionFence {
    return {
      partition: this.index,
      owner: this.owner,
      epoch: this.lease.epoch,
      previousCommitNo: this.commitNo,
      commitNo: this.commitNo + 1,
      lastKey: this.keys.last,
    };
  }

  committed(fence: PartitionFence): void {
    this.commitNo = fence.commitNo;
    this.commits += 1;
  }

  /** The commit was not carried out, and never will be. */
  voided(fence: PartitionFence): void {
    this.commitNo = voidNo(fence.commitNo);
  }

  /**
   * The inbox may hold messages of partitions that have become this process's, sent by their last owners: they come before what
   * this process sends for those partitions [N4].
   */
  expectOlder(): void {
    this.overflow = 'skipped-since-read';
  }

  /** Whether a message that this process just committed is to be taken up from memory. @param row that it brings along */
  accept(message: InboxMessage, row?: InstanceRow): boolean {
    if (this.known.has(nameOf(message)) || this.aside.has(message.instanceId)) return false;
    if (this.overflow !== 'none' || this.known.size >= MAX_MESSAGES_IN_MEMORY || this.bytes >= MAX_BYTES_IN_MEMORY) {
      this.overflow = 'skipped-since-read';
      return false;
    }
    this.keep(message, row);
    return true;
  }

  /** Whether the message is in memory, or was consumed since the read that found it was issued. */
  isKnown(key: Pick<MessageKey, 'key' | 'sender'>): boolean {
    return this.known.has(nameOf(key)) || this.consumedSinceRead?.has(nameOf(key)) === true;
  }

  consumed(keys: readonly MessageKey[]): void {
    for (const key of keys) {
      this.letGo(key);
      this.consumedSinceRead?.add(nameOf(key));
    }
  }

  /** Lets go of messages that may no longer be as memory has them; reads from the database take their place, in order. */
  reread(messages: readonly MessageHead[]): void {
    for (const message of messages) {
      this.letGo(message);
      this.rereadSinceRead.add(message.instanceId);
    }
    this.overflow = 'skipped-since-read';
  }

  /** How many messages of the inbox are in memory. */
  get messagesInMemory(): number {
    return this.known.size;
  }

  /** When the first of them was sent, epoch ms; Infinity without any. Joined calls aside, which come to light out of their order. */
  get oldestMessage(): number {
    const [first] = this.known.keys();
    return first === undefined ? Infinity : Math.floor(Number.parseInt(first, 10) / KEYS_PER_MS);
  }

  /**
   * Leaves in the inbox what came for an instance or entity that cannot go on, until {@link bringBack}: in memory it would keep what
   * lies behind it from being seen. @returns whether there was room for one more
   */
  setAside(instanceId: string, messages: readonly MessageKey[]): boolean {
    if (this.aside.size >= MAX_LEFT_OUT) return false;
    this.aside.add(instanceId);
    for (const message of messages) this.letGo(message);
    return true;
  }

  /** What came for it is to be read again. @returns whether it was set aside */
  bringBack(instanceId: string): boolean {
    if (!this.aside.delete(instanceId)) return false;
    this.rereadSinceRead.add(instanceId);
    this.overflow = 'skipped-since-read';
    return true;
  }

  /** Whose messages are not to be read. */
  get leftOut(): readonly string[] {
    return [...this.aside];
  }

  /** Whose work is not done for a reason that health tells of; as many as a statement may name. */
  get heldUp(): readonly string[] {
    return [...this.blocked.keys(), ...this.parked.keys()].slice(0, MAX_LEFT_OUT);
  }

  /** Whether so much is in memory that nothing may stay there which cannot be taken up for long. */
  get isCrowded(): boolean {
    return this.isFilled(1 / 4);
  }

  /** Whether memory does not hold all messages of the inbox, as far as is known. */
  get hasLeftOut(): boolean {
    return this.overflow !== 'none';
  }

  /** Whether messages were left out of memory for which there is room again. */
  get wantsRead(): boolean {
    return this.overflow !== 'none' && this.consumedSinceRead === undefined && !this.isFilled(1 / 2);
  }

  /** How many messages to read from the beginning of the inbox, and how many bytes of new ones; `undefined` while memory is too full. */
  beginRead(): Pick<InboxRange, 'limit' | 'maxBytes'> | undefined {
    if (this.overflow !== 'none' && this.isFilled(1 / 2)) return undefined;
    if (this.overflow === 'skipped-since-read') this.overflow = 'skipping';
    this.consumedSinceRead = new Set();
    this.rereadSinceRead.clear();
    return { limit: this.known.size + INBOX_READ_AHEAD, maxBytes: MAX_BYTES_IN_MEMORY - this.bytes };
  }

  /**
   * Takes up the answer of a read, in key order; answers what is new and whether more is waiting.
   * @param isCut what is not in the answer was left out because of its bytes
   */
  endRead(messages: readonly InboxMessage[], isCut = false): { fresh: InboxMessage[]; more: boolean } {
    const isLeftOut = ({ instanceId }: InboxMessage) => this.aside.has(instanceId) || this.rereadSinceRead.has(instanceId);
    const fresh = messages.filter((message) => !this.isKnown(message) && !isLeftOut(message));
    this.consumedSinceRead = undefined;
    for (const message of fresh) this.keep(message);
    const isPart = isCut || messages.length >= INBOX_READ_AHEAD;
    this.hasReadBacklog ||= !isPart || (messages.at(-1)?.key ?? 0) > this.lastBacklogKey;
    const more = isPart || this.overflow === 'skipped-since-read';
    if (!more) this.overflow = 'none';
    else if (isPart && this.overflow === 'none') this.overflow = 'skipping';
    return { fresh, more };
  }

  /** Gives up a read that failed. */
  abandonRead(): void {
    this.consumedSinceRead = undefined;
    if (this.overflow === 'skipping') this.overflow = 'skipped-since-read';
  }

  /** No message that was there when this process took the partition over has a greater key. */
  get lastBacklogKey(): number {
    return (this.takenOverAt ?? -Infinity) * KEYS_PER_MS;
  }

  private keep(message: InboxMessage, row?: InstanceRow): void {
    const weight = weightOf(message, row);
    this.known.set(nameOf(message), weight);
    this.bytes += weight;
  }

  private letGo(key: Pick<MessageKey, 'key' | 'sender'>): void {
    this.bytes -= this.known.get(nameOf(key)) ?? 0;
    this.known.delete(nameOf(key));
  }

  /** Whether more than this part of what may be in memory is there. */
  private isFilled(part: number): boolean {
    return this.known.size > MAX_MESSAGES_IN_MEMORY * part || this.bytes > MAX_BYTES_IN_MEMORY * part;
  }
}
