import type { EntityContext, EntityStartOptions, SignalEntityOptions } from './entity-context.js';
import type { EntityAction, EntityExecutionOptions, RequestedOperation } from './entity-execution.js';
import { EntityId } from './entity-id.js';
import type { Serialized } from './history.js';
import { validateInstanceId } from './ids.js';
import type { DurableLogger } from './logger.js';
import { assertHandlerName } from './reserved-names.js';
import { deserialize, serialize } from './serialization.js';
import { checkedTags } from './tags.js';
import { dateToTime } from './times.js';
import { assertName, describeValue } from './values.js';

/** What an operation leaves behind; it counts when the operation succeeds [N5]. */
export interface OperationEnd {
  readonly state: Serialized;
  readonly result: Serialized;
  readonly actions: readonly EntityAction[];
}

/** What an operation has done so far. */
interface OperationDraft {
  state: Serialized;
  /** As it was given. */
  returned: unknown;
  result: Serialized;
  actions: EntityAction[];
  isDestructed: boolean;
}

/**
 * The context of one operation. What it gives out is read from JSON each time, so that nothing but `setState` changes the
 * state. All that changes lies behind {@link progress}: a view made of it by `Object.create` is the same context.
 */
export class OperationContext implements EntityContext {
  readonly entityId: EntityId;
  readonly operationName: string;
  readonly isNewlyConstructed: boolean;
  private readonly progress: { draft: OperationDraft; isClosed: boolean };

  constructor(
    private readonly options: EntityExecutionOptions,
    readonly log: Required<DurableLogger>,
    private readonly request: RequestedOperation,
    private readonly before: Serialized,
    readonly signal: AbortSignal,
  ) {
    this.entityId = options.entityId;
    this.operationName = request.operation;
    this.isNewlyConstructed = before === undefined;
    this.progress = { draft: draftOf(before), isClosed: false };
  }

  get entityName(): string {
    return this.entityId.name;
  }

  get entityKey(): string {
    return this.entityId.key;
  }

  getInput(): any {
    this.assertRunning('ctx.getInput');
    return deserialize(this.request.input, () => `the input of operation '${this.operationName}' of entity '${this.entityId.toString()}'`);
  }

  getState(initializer?: () => unknown): any {
    this.assertRunning('ctx.getState');
    return this.draft.state === undefined ? initializer?.() : deserialize(this.draft.state, () => `the state of entity '${this.entityId.toString()}'`);
  }

  setState(state: unknown): void {
    this.assertRunning('ctx.setState');
    this.draft.state = this.serialize(state, () => `the state given to ${this.at('ctx.setState')}`);
  }

  return(value: unknown): void {
    this.assertRunning('ctx.return');
    this.draft.result = this.serialize(value, () => `the result given to ${this.at('ctx.return')}`);
    this.draft.returned = value;
  }

  destructOnExit(): void {
    this.assertRunning('ctx.destructOnExit');
    this.draft.isDestructed = true;
  }

  signalEntity(id: EntityId, operation: string, input?: unknown, { scheduledTime }: SignalEntityOptions = {}): void {
    this.assertRunning('ctx.signalEntity');
    const where = this.at('ctx.signalEntity');
    if (!(id instanceof EntityId)) throw new TypeError(`${where} takes an EntityId, new EntityId(name, key), not ${describeValue(id)}.`);
    assertName(operation, `${where}: the operation`);
    const text = this.serialize(input, () => `the input of the signal '${operation}' sent by ${where}`);
    this.add(where, {
      type: 'signal',
      entityId: id.toString(),
      operation,
      ...(text !== undefined && { input: text }),
      ...(scheduledTime !== undefined && { scheduledTime: dateToTime(scheduledTime, `${where}: scheduledTime`) }),
    });
  }

  startNew(name: string, options: EntityStartOptions = {}): string {
    this.assertRunning('ctx.startNew');
    const where = this.at('ctx.startNew');
    assertHandlerName(name, `${where}: the name`);
    const { instanceId, version, tags, startAt } = options;
    if (instanceId !== undefined) validateInstanceId(instanceId);
    if (version !== undefined) assertName(version, `${where}: the version`);
    const input = this.serialize(options.input, () => `the input of '${name}' started by ${where}`);
    const action: EntityAction = {
      type: 'start',
      instanceId: instanceId ?? this.options.newInstanceId(),
      isNewId: instanceId === undefined,
      name,
      ...(version !== undefined && { version }),
      ...(input !== undefined && { input }),
      ...(tags !== undefined && { tags: checkedTags(tags, where) }),
      ...(startAt !== undefined && { startAt: dateToTime(startAt, `${where}: startAt`) }),
    };
    this.add(where, action);
    return action.instanceId;
  }

  /** What `return` was given last, as it was given. */
  get returned(): unknown {
    return this.draft.returned;
  }

  /**
   * Runs the operation's own code, inside its enhancers. When it throws, nothing that it did counts, also when an enhancer answers
   * in its place or calls it again [N5].
   */
  async attempt(code: () => unknown): Promise<unknown> {
    try {
      return await code();
    } catch (error) {
      this.progress.draft = draftOf(this.before);
      throw error;
    }
  }

  /** Ends the use of the context: the operation is over, or goes on in vain. */
  close(): OperationEnd {
    this.progress.isClosed = true;
    const { isDestructed, state, result, actions } = this.draft;
    return { state: isDestructed ? undefined : state, result, actions };
  }

  private get draft(): OperationDraft {
    return this.progress.draft;
  }

  private add(where: string, action: EntityAction): void {
    const { maxActions } = this.options;
    if (this.draft.actions.length >= maxActions) {
      throw new RangeError(`${where}: the operation has sent more than ${maxActions} signals and starts: a runaway loop? Send less at a time, or raise maxOrchestrationActions.`);
    }
    this.draft.actions.push(action);
  }

  private serialize(value: unknown, what: () => string): Serialized {
    return serialize(value, what, this.options.maxPayloadBytes);
  }

  private assertRunning(call: string): void {
    if (!this.progress.isClosed) return;
    throw new Error(
      `${this.at(call)} was called after the operation had ended, or had failed because it took too long: it has no effect any more. ` +
        'Await everything that the operation does, and let it end when ctx.signal is aborted.',
    );
  }

  /** A call and where it was made, for messages. */
  private at(call: string): string {
    return `${call} (${this.options.source}, operation '${this.operationName}' of entity '${this.entityId.toString()}')`;
  }
}

function draftOf(state: Serialized): OperationDraft {
  return { state, returned: undefined, result: undefined, actions: [], isDestructed: false };
}
