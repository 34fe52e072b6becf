/** What is sent to instances, through the inboxes of their partitions. */
import type { Caller, InputEvent, ParentInstance } from '../../core/history.js';

export type OnConflict = 'replaceFinished' | 'useExisting' | 'terminateAndReplace' | 'reject';

/** Identity and order of a message in the inbox of a partition. */
export interface MessageKey {
  readonly partition: number;
  readonly key: number;
  /** Partition number of the sender, or {@link CLIENT_SENDER_BASE} + worker id. */
  readonly sender: number;
}

export const CLIENT_SENDER_BASE = 1_000;

/** Asks the owner to create an instance: a sub-orchestration, or a start that its client could not carry out itself. */
export interface CreateInstance {
  readonly type: 'CreateInstance';
  readonly executionId: string;
  readonly name: string;
  readonly version?: string;
  readonly input?: string;
  readonly tags?: Readonly<Record<string, string>>;
  readonly startAt?: number;
  /** When a client asked for it; else it is created when it is. */
  readonly createdAt?: number;
  /** Of a sub-orchestration; it is told when the id is in use. */
  readonly parent?: ParentInstance;
  readonly onConflict: OnConflict;
  /** The id was made for this instance: there can be no other one. */
  readonly isNewId: boolean;
  /** The parent was rewound [K8]: what this very call of it created goes on, if it is there still. */
  readonly rewind?: { readonly reason?: string };
}

/** Wakes a failed instance that a client has made Running, so that it goes on [K8]. */
export interface RewindInstance {
  readonly type: 'RewindInstance';
  readonly reason?: string;
}

/** Wakes an instance that a client inserted or that continued as new; the row itself says what to start. */
export interface StartInstance {
  readonly type: 'StartInstance';
}

/** An event for an instance. */
export interface Deliver {
  readonly type: 'Deliver';
  /** For this execution only [Y3]. */
  readonly executionId?: string;
  /** Only for a sub-orchestration that this execution called: its id may have been taken by somebody else's instance. */
  readonly parentExecutionId?: string;
  readonly event: InputEvent;
}

/** An operation for an entity: a call, which is answered, or a signal. */
export interface EntityOperation {
  readonly type: 'EntityOperation';
  readonly operation: string;
  readonly input?: string;
  /** Of a call only. */
  readonly caller?: Caller;
  /** A signal that is not to be carried out before this time, epoch ms [N7]. */
  readonly dueAt?: number;
}

/** An orchestration wants to lock an entity; answered by EntityLockGranted [L1]. */
export interface LockEntity {
  readonly type: 'LockEntity';
  readonly holder: Caller;
}

/** Gives a lock back, or takes a request back that was not granted yet. It comes behind its request: both have the same sender. */
export interface UnlockEntity {
  readonly type: 'UnlockEntity';
  readonly holder: Caller;
}

export type EntityMessageBody = EntityOperation | LockEntity | UnlockEntity;

/** Stands for a body that cannot be read. It is written only where an entity's message moves from the inbox to its queue. */
export interface Unreadable {
  readonly type: 'Unreadable';
  /** What is wrong with it. */
  readonly reason: string;
}

export type MessageBody = CreateInstance | RewindInstance | StartInstance | Deliver | EntityMessageBody | Unreadable;

export interface InboxMessage extends MessageKey {
  readonly instanceId: string;
  readonly body: MessageBody;
}

/** What a poll brings. */
export interface InboxAnswer {
  readonly messages: InboxMessage[];
  /** Partitions of which new messages were left out because of their bytes, from some message on. */
  readonly cut: readonly number[];
  readonly signs: HubSigns;
  /** Whether there is an activity of the hub to be claimed, be it by workers with other handlers. */
  readonly activitiesWait: boolean;
}

/** By these numbers a worker sees, between its heartbeats, that partitions or workers have changed. */
export interface HubSigns {
  /** Partitions that nobody owns, or whose lease has ended. */
  readonly free: number;
  /** Partitions that the database holds for the asking worker. */
  readonly own: number;
  /** Workers that live; clients do not count. */
  readonly workers: number;
  /** The highest worker id among them, 0 without any: ids rise with each registration. */
  readonly newestWorker: number;
}

export interface InboxRange {
  readonly partition: number;
  readonly limit: number;
  /** Bytes of new messages, of which one is read whatever it has; absent: without a bound. */
  readonly maxBytes?: number;
  /** Instances and entities whose messages are left out. */
  readonly without?: readonly string[];
}
