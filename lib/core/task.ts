/** A durable task, as orchestrators see it. */

/** Something that an orchestrator waits for by `yield` or, with its result's type inferred, `yield*`. */
export interface DurableTask<T> {
  /** It succeeded, failed or was cancelled. */
  readonly isCompleted: boolean;
  /** It failed. */
  readonly isFaulted: boolean;
  /** It was cancelled by `cancel()`; yielding it throws TaskCanceledError. */
  readonly isCanceled: boolean;
  /** The result; throws the task's error when it failed or was cancelled, and OrchestratorError while it is open [O2]. */
  readonly result: T;
  /** `yield* task`: waits, then gives the result or throws the error. */
  [Symbol.iterator](): Generator<DurableTask<T>, T, any>;
}

/** A durable timer [T1]. */
export interface TimerTask extends DurableTask<void> {
  /** Takes the timer back; does nothing when it has fired already [T2]. */
  cancel(): void;
}

/** A wait for an external event [E2]. */
export interface EventTask<T> extends DurableTask<T> {
  /** Ends the wait, so that the next event goes to another waiter; does nothing when the event is there already. */
  cancel(): void;
}

/** Return type of an orchestrator that yields and at last returns an `R`. */
export type Orchestration<R = void> = Generator<DurableTask<any>, R, any>;

/** The result type of a task. */
export type TaskResult<T> = T extends DurableTask<infer R> ? R : never;

/** How a task of `ctx.allSettled` ended. */
export type SettledResult<T> =
  | { readonly status: 'fulfilled'; readonly value: T }
  | { readonly status: 'rejected'; readonly reason: unknown };

/** Results of a list of tasks, element by element. */
export type TaskResults<T extends readonly DurableTask<any>[]> = { -readonly [K in keyof T]: TaskResult<T[K]> };

/** Outcomes of a list of tasks, element by element. */
export type SettledResults<T extends readonly DurableTask<any>[]> = {
  -readonly [K in keyof T]: SettledResult<TaskResult<T[K]>>;
};
