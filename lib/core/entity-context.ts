import type { EntityId } from './entity-id.js';
import type { DurableLogger } from './logger.js';

export interface SignalEntityOptions {
  /** Not to be carried out before this time, UTC; default: at once [N7]. */
  readonly scheduledTime?: Date;
}

export interface EntityStartOptions {
  /** Id of the new instance; default: a new one. */
  readonly instanceId?: string;
  readonly input?: unknown;
  /** Version to start; default: the default version [Y5]. */
  readonly version?: string;
  /** Labels to find the instance by: at most 100, and 16 KB as JSON. */
  readonly tags?: Readonly<Record<string, string>>;
  /** Not to begin before this time, UTC; default: at once. */
  readonly startAt?: Date;
}

/**
 * What an operation of an entity knows and may do, besides its state [N2]: what `this.context` of a TaskEntity is. To be used
 * until the operation has ended. Signals and starts count when it succeeds, and are discarded when it throws [N5].
 */
export interface TaskEntityContext {
  /** In lower case [N1]. */
  readonly entityName: string;
  readonly entityKey: string;
  readonly entityId: EntityId;
  /** As the caller wrote it. */
  readonly operationName: string;
  /** True when the entity had no state before this operation. */
  readonly isNewlyConstructed: boolean;
  /** Aborted when the operation has taken too long (`entityOperationTimeout`), or when its worker may not go on [N4]. */
  readonly signal: AbortSignal;
  readonly log: DurableLogger;
  /** `undefined` when there is none. */
  getInput<T = unknown>(): T;
  /**
   * What a caller gets: JSON.
   * @throws SerializationError, PayloadTooLargeError
   */
  return(value: unknown): void;
  /** Deletes the state with the end of this operation, whatever it is then [N6]. */
  destructOnExit(): void;
  /**
   * Sends an operation to another entity, or to this one, and forgets it.
   * @throws TypeError, SerializationError, PayloadTooLargeError
   */
  signalEntity(id: EntityId, operation: string, input?: unknown, options?: SignalEntityOptions): void;
  /**
   * Starts an orchestration.
   * @returns its instance id
   * @throws InvalidInstanceIdError, TypeError, SerializationError, PayloadTooLargeError
   */
  startNew(name: string, options?: EntityStartOptions): string;
}

/** The parameter of an entity in function form [N2]. State, too, counts when the operation succeeds [N5]. */
export interface EntityContext<S = unknown> extends TaskEntityContext {
  /**
   * The state, read anew at each call; where there is none, what `initializer` gives, which is not stored by that. Changes of it
   * count once `setState` is called.
   */
  getState(initializer: () => S): S;
  getState(): S | undefined;
  /**
   * `undefined` deletes the state.
   * @throws SerializationError, PayloadTooLargeError
   */
  setState(state: S): void;
}
