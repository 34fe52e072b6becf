/** How the client of this process starts instances: placement, and the first episode together with the creation. */
import type { ClientOperation, ClientResult, InboxMessage, InstanceRow, MessageBody, OnConflict } from '../storage/store.js';
import type { BacklogLimit } from './backlog-limit.js';
import type { ClientQueue } from './client-queue.js';
import type { EngineTime } from './clock.js';
import type { Dispatcher } from './dispatcher.js';
import { newExecutionId, newInstanceId } from './generated-ids.js';
import type { HandlerRegistry } from './handlers.js';
import type { Ownership } from './ownership.js';
import type { Partition } from './partition.js';
import type { EngineSettings } from './settings.js';

export interface ClientStartsPort {
  readonly queue: ClientQueue;
  readonly limit: BacklogLimit;
  readonly time: EngineTime;
  readonly handlers: HandlerRegistry;
  readonly settings: EngineSettings;
  readonly ownership: Ownership;
  readonly dispatcher: Dispatcher;
  partitionOf(instanceId: string): number;
  /** A message of this client, with the next key. */
  message(instanceId: string, body: MessageBody): InboxMessage;
  sendJoined(instanceId: string, body: MessageBody, entityManager: object): Promise<void>;
}

/** A new instance as the client asks for it. */
export interface StartRequest extends Pick<InstanceRow, 'name' | 'version' | 'input' | 'tags' | 'startAt'> {
  /** Absent: one is chosen. */
  readonly instanceId?: string;
  /** Execution id of the finished instance whose place it is to take. */
  readonly replaces?: string;
}

/** How many turns an eager start may find before it, for each that may be in the works: its caller waits for them. */
const TURNS_BEFORE = 2;

export class ClientStarts {
  constructor(private readonly port: ClientStartsPort) {}

  /** @throws {HubOverloadedError} */
  async start(request: StartRequest, onConflict: OnConflict): Promise<{ instanceId: string; result: ClientResult }> {
    this.port.queue.assertOpen();
    return this.port.limit.admit(() => this.startAdmitted(request, onConflict));
  }

  /** @throws {HubOverloadedError} */
  async startJoined(request: StartRequest, onConflict: OnConflict, entityManager: object): Promise<string> {
    const isNewId = request.instanceId === undefined;
    return this.port.limit.admit(async () => {
      const row = this.newRow(request);
      await this.port.sendJoined(row.instanceId, creation(row, onConflict, isNewId), entityManager);
      return row.instanceId;
    });
  }

  private async startAdmitted(request: StartRequest, onConflict: OnConflict): Promise<{ instanceId: string; result: ClientResult }> {
    const { queue } = this.port;
    const row = this.newRow(request);
    const { instanceId } = row;
    const isOwnId = request.instanceId !== undefined;
    if (!isOwnId && (await this.startEagerly(row))) return { instanceId, result: { kind: 'done' } };
    const message = this.port.message(instanceId, { type: 'StartInstance' });
    const replaceMessage = onConflict === 'terminateAndReplace' ? this.port.message(instanceId, creation(row, onConflict, false)) : undefined;
    const { replaces } = request;
    const operation: ClientOperation = { kind: 'start', row, message, onConflict: isOwnId ? onConflict : 'useExisting', replaces, replaceMessage };
    const result = await queue.apply(operation, row.input?.length ?? 0);
    // A generated id that exists is this very start: its eager commit was written although its answer was lost.
    return { instanceId, result: isOwnId ? result : { kind: 'done' } };
  }

  private newRow(request: StartRequest): InstanceRow {
    const { name, version, input, tags, startAt } = request;
    const now = this.port.time.now();
    const instanceId = request.instanceId ?? this.placedInstanceId(request);
    return {
      partition: this.port.partitionOf(instanceId), instanceId, executionId: newExecutionId(), name, version, input, tags, startAt,
      status: 'Pending', createdAt: now, updatedAt: now, historyLength: 0, rowVersion: 1,
    };
  }

  /** Placement: an id of a partition of this process while it has little to do and can run the instance, of any partition otherwise. */
  private placedInstanceId({ name, version }: StartRequest): string {
    const { ownership, handlers } = this.port;
    const canRun = ownership.holdsLease && this.hasLittleToDo && handlers.findOrchestrator(name, version) !== undefined;
    const wantsOwn = canRun && [...ownership.partitions.values()].some(({ state }) => state === 'owned');
    for (;;) {
      const instanceId = newInstanceId();
      if (!wantsOwn || ownership.owns(this.port.partitionOf(instanceId))) return instanceId;
    }
  }

  private get hasLittleToDo(): boolean {
    return this.port.dispatcher.backlog < TURNS_BEFORE * this.port.settings.maxConcurrentOrchestratorFunctions;
  }

  /** Creates the instance together with its first episode, when that episode can run here and now. */
  private async startEagerly(row: InstanceRow): Promise<boolean> {
    const partition: Partition | undefined = this.port.ownership.owns(row.partition);
    const isDue = row.startAt === undefined || row.startAt <= this.port.time.now();
    if (!partition || !isDue || !this.hasLittleToDo || !this.port.ownership.holdsLease) return false;
    if (!this.port.handlers.findOrchestrator(row.name, row.version)) return false;
    const outcome = await new Promise((settle) => this.port.dispatcher.offer(partition, row.instanceId, { kind: 'eager', row, settle }));
    return outcome === 'committed';
  }
}

/** Leaves it to the owner to create the instance, and to decide what becomes of one that has the id. */
function creation(row: InstanceRow, onConflict: OnConflict, isNewId: boolean): MessageBody {
  const { executionId, name, version, input, tags, startAt, createdAt } = row;
  return { type: 'CreateInstance', executionId, name, version, input, tags, startAt, createdAt, onConflict, isNewId };
}
