import { OrchestratorError, SerializationError, TaskCanceledError } from './errors.js';
import type { Serialized } from './history.js';
import { deserialize } from './serialization.js';
import type { DurableTask } from './task.js';

/** A task that waits for other tasks. */
export interface TaskParent {
  /** Takes note of a child that is complete; answers whether that completed the parent too. */
  childCompleted(child: TaskBase<unknown>): boolean;
}

/**
 * The state of a task and its way to the composite tasks that wait for it. It goes upwards in a loop, not by recursion:
 * tasks may be nested to any depth [O7].
 */
export class TaskBase<T> implements DurableTask<T> {
  #state: 'open' | 'succeeded' | 'failed' | 'canceled' = 'open';
  #value: T | undefined;
  #error: unknown;
  #parents: Set<TaskBase<unknown> & TaskParent> | undefined;

  /**
   * @param owner the execution that it belongs to; a task of another one never completes here
   * @param description for messages: `activity 'charge'`
   */
  constructor(
    readonly owner: object,
    readonly description: string,
  ) {}

  /** Whether a value that code gave is a task. Unlike `instanceof`, no proxy can make it throw. */
  static is(value: unknown): value is TaskBase<unknown> {
    return typeof value === 'object' && value !== null && #state in value;
  }

  get isCompleted(): boolean {
    return this.#state !== 'open';
  }

  get isFaulted(): boolean {
    return this.#state === 'failed';
  }

  get isCanceled(): boolean {
    return this.#state === 'canceled';
  }

  get result(): T {
    if (this.#state === 'succeeded') return this.#value as T;
    if (this.#state === 'open') {
      throw new OrchestratorError(`The ${this.description} has no result yet: yield the task first, or look at isCompleted.`);
    }
    throw this.error;
  }

  /** What yielding this task throws. */
  get error(): unknown {
    if (this.#state !== 'canceled') return this.#error;
    return (this.#error ??= new TaskCanceledError(`The ${this.description} was cancelled.`));
  }

  *[Symbol.iterator](): Generator<DurableTask<T>, T, any> {
    return (yield this) as T;
  }

  /** A task is no value; without this it would cross as `{}`. */
  toJSON(): never {
    throw new SerializationError(`a durable task (${this.description}) is not a value; yield it and pass its result`);
  }

  /** Completes the task, unless it is complete already, and the tasks that waited for it. */
  succeed(value: T): void {
    if (this.markSucceeded(value)) this.announce();
  }

  /** Completes the task with the value of a JSON text; a text that is none fails it. */
  succeedWith(text: Serialized): void {
    let value: T;
    try {
      value = deserialize(text, () => `the result of ${this.description}`) as T;
    } catch (error) {
      this.fail(error);
      return;
    }
    this.succeed(value);
  }

  /** @see succeed */
  fail(error: unknown): void {
    if (this.markFailed(error)) this.announce();
  }

  /** Notes a parent; answers false when it is noted already. */
  addParent(parent: TaskBase<unknown> & TaskParent): boolean {
    this.#parents ??= new Set();
    if (this.#parents.has(parent)) return false;
    this.#parents.add(parent);
    return true;
  }

  /** A parent that is complete needs to hear no more, and must not be kept alive by its slowest child. */
  removeParent(parent: TaskBase<unknown> & TaskParent): void {
    this.#parents?.delete(parent);
  }

  protected markSucceeded(value: T): boolean {
    if (this.isCompleted) return false;
    this.#state = 'succeeded';
    this.#value = value;
    return true;
  }

  protected markFailed(error: unknown): boolean {
    if (this.isCompleted) return false;
    this.#state = 'failed';
    this.#error = error;
    return true;
  }

  /** Completes the task as cancelled; answers whether it was open. */
  protected cancelIfOpen(): boolean {
    if (this.isCompleted) return false;
    this.#state = 'canceled';
    this.announce();
    return true;
  }

  private announce(): void {
    const completed: TaskBase<unknown>[] = [this];
    for (const task of completed) {
      for (const parent of task.takeParents()) {
        if (parent.childCompleted(task)) completed.push(parent);
      }
    }
  }

  private takeParents(): Iterable<TaskBase<unknown> & TaskParent> {
    const parents = this.#parents;
    this.#parents = undefined;
    return parents ?? [];
  }
}
