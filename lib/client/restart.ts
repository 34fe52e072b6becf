import { InstanceNotFoundError, isFinished, UnknownHandlerError } from '../core/index.js';
import { checkedId } from './arguments.js';
import type { ClientHost } from './host.js';
import { wrongState } from './transitions.js';

export interface RestartOptions {
  /** True (default): as another instance, with a new id; false: in its own place, for which it must be finished. */
  readonly newInstanceId?: boolean;
}

/**
 * Starts an instance like one that exists; answers its id.
 * @throws {InstanceNotFoundError} {InvalidInstanceStateError} {UnknownHandlerError}
 */
export async function restartInstance(host: ClientHost, instanceId: string, { newInstanceId = true }: RestartOptions): Promise<string> {
  checkedId('restart', instanceId);
  for (;;) {
    const row = await host.getInstance(instanceId);
    if (!row) throw new InstanceNotFoundError(instanceId);
    const { name, version, input, tags, executionId } = row;
    const handler = await host.findOrchestrator(name, version);
    if (!handler.found) throw new UnknownHandlerError('orchestrator', name, handler.known, version);
    if (newInstanceId) return (await host.start({ name, version, input, tags }, 'reject')).instanceId;
    if (!isFinished(row.status)) throw wrongState('restart', instanceId, row.status);
    const { result } = await host.start({ instanceId, name, version, input, tags, replaces: executionId }, 'replaceFinished');
    if (result.kind === 'done') return instanceId;
    // Another call was faster. What it left there is finished again, or gone: a look at it tells.
    if (result.kind === 'exists' && !isFinished(result.status)) throw wrongState('restart', instanceId, result.status);
  }
}
