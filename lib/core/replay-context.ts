import { v5 as uuidv5 } from 'uuid';
import { CallTask, type CallRequest } from './call-task.js';
import { compose } from './composite-tasks.js';
import { EntityCalls } from './entity-calls.js';
import type { SignalEntityOptions } from './entity-context.js';
import type { EntityId } from './entity-id.js';
import type { LockState } from './entity-lock.js';
import type { EntityReference } from './entity-stubs.js';
import { InvalidInstanceIdError } from './errors.js';
import type { ExecutionScope } from './execution-scope.js';
import { HttpCall } from './http-call.js';
import type { DurableHttpRequest } from './http-call-messages.js';
import { toHttpActivityInput } from './http-call-request.js';
import { validateInstanceId } from './ids.js';
import { IgnoredTask } from './ignored-task.js';
import { prefixedLogger, type DurableLogger } from './logger.js';
import type {
  ActivityOptions,
  ContinueAsNewOptions,
  OrchestrationContext,
  SubOrchestrationOptions,
  WaitForEventOptions,
} from './orchestration-context.js';
import { assertHandlerName } from './reserved-names.js';
import { validateRetryOptions } from './retry-options.js';
import { deserialize, serialize } from './serialization.js';
import { createStubs, type HandlerClass } from './stubs.js';
import { TaskBase } from './task-base.js';
import type { DurableTask, EventTask, TimerTask } from './task.js';
import { toFireAt } from './times.js';
import { assertName, describeValue } from './values.js';
import { CodeTimer, EventWait } from './waiting-tasks.js';

const MAX_CUSTOM_STATUS_BYTES = 16 * 1024;
/** Namespace of newGuid: a part of what replay must give again, so it never changes. */
const GUID_NAMESPACE = '9e952958-5e33-4daf-827f-2fa12937b875';

/**
 * The context of one execution: checks what the code asks for and makes actions and tasks of it. The result types of
 * {@link OrchestrationContext} are promises of the caller to itself, here they are `any`.
 */
export class ReplayContext implements OrchestrationContext {
  private readonly entities: EntityCalls;
  /** Made when it is asked for. */
  private logger: Required<DurableLogger> | undefined;
  private guids = 0;
  private input: { readonly value: unknown } | undefined;

  constructor(private readonly scope: ExecutionScope) {
    this.entities = new EntityCalls(scope);
  }

  get log(): Required<DurableLogger> {
    const { scope } = this;
    return (this.logger ??= prefixedLogger(
      scope.options.log,
      () => `[${scope.name} ${scope.options.instanceId}]`,
      () => scope.isRunningCode && !scope.isReplaying,
    ));
  }

  get instanceId(): string {
    return this.scope.options.instanceId;
  }

  get parentInstanceId(): string | undefined {
    return this.scope.started?.parent?.instanceId;
  }

  get name(): string {
    return this.scope.name;
  }

  get version(): string | undefined {
    return this.scope.started?.version;
  }

  get currentUtcDateTime(): Date {
    return new Date(this.scope.time);
  }

  get isReplaying(): boolean {
    return this.scope.isReplaying;
  }

  getInput(): any {
    this.input ??= { value: deserialize(this.scope.started?.input, () => `the input of ${this.scope.title}`) };
    return this.input.value;
  }

  newGuid(): string {
    this.scope.assertRunningCode('ctx.newGuid');
    return uuidv5(`${this.scope.options.executionId}:${this.scope.time}:${this.guids++}`, GUID_NAMESPACE);
  }

  callActivity(name: string, input?: unknown, options: ActivityOptions = {}): TaskBase<any> {
    this.scope.assertRunningCode('ctx.callActivity');
    return this.call('activity', name, input, options);
  }

  activities(type: HandlerClass<unknown>): any {
    const names = this.scope.options.classes.namesOf(type, 'activity');
    return createStubs(type, '@Activity()', names, ({ name }, input, options) => this.callActivity(name, input, options));
  }

  callSubOrchestrator(name: string, input?: unknown, options: SubOrchestrationOptions = {}): TaskBase<any> {
    this.scope.assertRunningCode('ctx.callSubOrchestrator');
    return this.call('sub-orchestration', name, input, options);
  }

  orchestrators(type: HandlerClass<unknown>): any {
    const names = this.scope.options.classes.namesOf(type, 'orchestrator');
    return createStubs(type, '@Orchestrator()', names, ({ name, version }, input, options?: SubOrchestrationOptions) =>
      this.callSubOrchestrator(name, input, { ...options, version: options?.version ?? version }));
  }

  callEntity(id: EntityId, operation: string, input?: unknown): TaskBase<any> {
    return this.entities.call(id, operation, input);
  }

  signalEntity(id: EntityId, operation: string, input?: unknown, options?: SignalEntityOptions): void {
    this.entities.signal(id, operation, input, options);
  }

  entity(type: HandlerClass<unknown>, key: string): any {
    return this.entities.stub(type, key);
  }

  lock(...entities: EntityReference[]): TaskBase<any> {
    return this.entities.lock(entities);
  }

  isLocked(): LockState {
    return this.entities.lockState;
  }

  callHttp(request: DurableHttpRequest): TaskBase<any> {
    this.scope.assertRunningCode('ctx.callHttp');
    const where = this.scope.at('ctx.callHttp');
    const { maxPayloadBytes } = this.scope.options;
    const checked = toHttpActivityInput(request, where, maxPayloadBytes);
    if (request.retry !== undefined) validateRetryOptions(request.retry, where);
    const input = serialize(checked, () => `the request of ${where}`, maxPayloadBytes);
    if (this.scope.continuation) return new IgnoredTask(this.scope);
    this.scope.reserveAction();
    return new HttpCall(this.scope, this, checked, request.retry).schedule(input);
  }

  createTimer(fireAt: Date | number): TimerTask {
    this.scope.assertRunningCode('ctx.createTimer');
    const time = toFireAt(fireAt, this.scope.time, this.scope.at('ctx.createTimer'));
    if (this.scope.continuation) return new IgnoredTask(this.scope);
    this.scope.reserveAction();
    return new CodeTimer(this.scope, time);
  }

  waitForExternalEvent(name: string, options: WaitForEventOptions<any> = {}): EventTask<any> {
    this.scope.assertRunningCode('ctx.waitForExternalEvent');
    const where = this.scope.at('ctx.waitForExternalEvent');
    assertName(name, `${where}: the name`);
    const { timeout } = options;
    if (timeout !== undefined && typeof timeout !== 'number') throw new TypeError(`${where}: timeout must be a number of milliseconds.`);
    const fireAt = timeout === undefined ? undefined : toFireAt(timeout, this.scope.time, `${where}, timeout,`);
    if (this.scope.continuation) return new IgnoredTask(this.scope);
    if (fireAt !== undefined) this.scope.reserveAction();
    const wait = new EventWait(this.scope, name);
    if (this.scope.events.wait(name, wait) || timeout === undefined || fireAt === undefined) return wait;
    wait.limitTo(fireAt, () => ('default' in options ? wait.succeed(options.default) : wait.timeOut(timeout)));
    return wait;
  }

  sendEvent(instanceId: string, name: string, data?: unknown): void {
    this.scope.assertRunningCode('ctx.sendEvent');
    const where = this.scope.at('ctx.sendEvent');
    validateInstanceId(instanceId);
    assertName(name, `${where}: the name`);
    const input = serialize(data, () => `the data of event '${name}' sent by ${where}`, this.scope.options.maxPayloadBytes);
    if (this.scope.continuation) return;
    this.scope.reserveAction();
    const { actions } = this.scope;
    actions.add({ type: 'EventSent', taskId: actions.nextTaskId, instanceId, name, ...(input !== undefined && { input }) });
  }

  all(tasks: readonly DurableTask<unknown>[]): TaskBase<any> {
    return compose('all', this.scope, this.childrenOf('ctx.all', tasks));
  }

  any(tasks: readonly DurableTask<unknown>[]): TaskBase<any> {
    const children = this.childrenOf('ctx.any', tasks);
    if (children.length === 0) throw new RangeError(`${this.scope.at('ctx.any')} was given no task: it would wait for ever.`);
    return compose('any', this.scope, children);
  }

  allSettled(tasks: readonly DurableTask<unknown>[]): TaskBase<any> {
    return compose('allSettled', this.scope, this.childrenOf('ctx.allSettled', tasks));
  }

  setCustomStatus(status: unknown): void {
    this.scope.assertRunningCode('ctx.setCustomStatus');
    const text = serialize(status, () => `the custom status of ${this.scope.at('ctx.setCustomStatus')}`, MAX_CUSTOM_STATUS_BYTES);
    if (this.scope.continuation) return;
    this.scope.customStatus = text === 'null' ? undefined : text;
  }

  continueAsNew(input?: unknown, options: ContinueAsNewOptions = {}): void {
    this.scope.assertRunningCode('ctx.continueAsNew');
    const text = serialize(input, () => `the input of ${this.scope.at('ctx.continueAsNew')}`, this.scope.options.maxPayloadBytes);
    const { preserveUnprocessedEvents = true } = options;
    this.scope.continuation ??= { input: text, preserveUnprocessedEvents };
  }

  private call(kind: CallRequest['kind'], name: string, input: unknown, options: SubOrchestrationOptions): TaskBase<unknown> {
    const where = this.scope.at(kind === 'activity' ? 'ctx.callActivity' : 'ctx.callSubOrchestrator');
    assertHandlerName(name, `${where}: the name`);
    if (options.retry !== undefined) validateRetryOptions(options.retry, where);
    if (options.instanceId !== undefined) this.assertChildId(options.instanceId);
    const text = serialize(input, () => `the input of ${kind} '${name}' called by ${where}`, this.scope.options.maxPayloadBytes);
    if (this.scope.continuation) return new IgnoredTask(this.scope);
    if (kind === 'sub-orchestration') this.scope.criticalSection.assertMayCallSubOrchestrator(where);
    this.scope.reserveAction();
    const { instanceId, version, retry } = options;
    return new CallTask(this.scope, this, { kind, name, input: text, instanceId, version, retry }).schedule();
  }

  private assertChildId(instanceId: string): void {
    validateInstanceId(instanceId);
    if (instanceId === this.instanceId) throw new InvalidInstanceIdError(instanceId, 'it is the id of the calling instance itself');
    if (instanceId === this.parentInstanceId) throw new InvalidInstanceIdError(instanceId, "it is the id of the calling instance's parent");
  }

  private childrenOf(call: string, tasks: readonly unknown[]): TaskBase<unknown>[] {
    this.scope.assertRunningCode(call);
    if (!Array.isArray(tasks)) throw new TypeError(`${this.scope.at(call)} takes an array of tasks, not ${describeValue(tasks)}.`);
    return Array.from(tasks, (task: unknown, index) => {
      if (TaskBase.is(task) && task.owner === this.scope) return task;
      throw new TypeError(`${this.scope.at(call)}: element ${index} is ${describeValue(task)}, not a task of this orchestrator.`);
    });
  }
}
