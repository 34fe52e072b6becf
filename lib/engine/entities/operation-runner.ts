import { EntityExecution, unlessAborted, type OperationOutcome } from '../../core/entity-execution.js';
import { TaskTimeoutError } from '../../core/errors.js';
import { failureDetailsOf } from '../../core/failure-details.js';
import type { EntityOperation } from '../../storage/store.js';
import type { Serialized } from '../../core/history.js';
import type { DurableLogger } from '../../core/logger.js';
import type { Clock } from '../clock.js';
import type { EntityDefinition } from '../handlers.js';
import type { EngineSettings } from '../settings.js';
import type { EntitySlot } from './entity-slot.js';

export interface OperationRunnerPort {
  readonly clock: Clock;
  readonly log: DurableLogger;
  readonly settings: Pick<EngineSettings, 'entityOperationTimeout' | 'maxOrchestrationActions' | 'maxPayloadBytes'>;
  newInstanceId(): string;
}

/** Carries one operation out, in the time that it may take [N4]. */
export class OperationRunner {
  constructor(private readonly port: OperationRunnerPort) {}

  /** Never rejects. @param state as the operations before it left it */
  async run(slot: EntitySlot, definition: EntityDefinition, { operation, input }: EntityOperation, state: Serialized): Promise<OperationOutcome> {
    const abort = (slot.abort = new AbortController());
    const cancelTimeout = this.limit(slot, operation, abort);
    try {
      slot.execution ??= await unlessAborted(() => this.load(slot, definition, state), abort.signal);
      return await slot.execution.run({ operation, input }, abort.signal);
    } catch (error) {
      return { kind: 'failed', failureDetails: failureDetailsOf(error) };
    } finally {
      cancelTimeout?.();
      slot.abort = undefined;
      // What goes on regardless may change the fields of its object: the next operation gets another one.
      if (abort.signal.aborted) slot.execution = undefined;
    }
  }

  private async load({ entityId }: EntitySlot, definition: EntityDefinition, state: Serialized): Promise<EntityExecution> {
    const { log, settings: { maxOrchestrationActions: maxActions, maxPayloadBytes } } = this.port;
    const handler = await definition.create();
    return new EntityExecution({ entityId, handler, source: definition.source, state, maxActions, maxPayloadBytes, log, newInstanceId: () => this.port.newInstanceId() });
  }

  private limit({ instanceId }: EntitySlot, operation: string, abort: AbortController) {
    const { clock, settings: { entityOperationTimeout: timeout } } = this.port;
    if (timeout === undefined) return undefined;
    const text = `Operation '${operation}' of entity '${instanceId}' took longer than entityOperationTimeout, ${timeout} ms. Its state is as before it.`;
    return clock.after(timeout, () => abort.abort(new TaskTimeoutError(text)));
  }
}
