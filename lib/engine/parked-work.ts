/** Instances and entities that wait for a worker with their handler [Y6]: their partitions remember them, the log and health tell of them. */
import type { DurableLogger } from '../core/logger.js';
import { describeRef, refKey, type HandlerRef } from './handler-sets.js';
import type { Partition } from './partition.js';

export interface ParkedWorkPort {
  readonly log: DurableLogger;
  /** Looks who lives now; partitions that a live worker is wanted for are on their way after it. */
  refreshWorkers(): Promise<void>;
}

/** How many instances or entities wait for one handler. */
export interface ParkedCount extends HandlerRef {
  readonly instances: number;
}

export class ParkedWork {
  /** Handlers that a line of the log was about, by partition. */
  private readonly said = new Set<string>();

  constructor(private readonly port: ParkedWorkPort) {}

  /** @param instanceId of an instance or an entity; the database has it that it waits */
  add(partition: Partition, instanceId: string, ref: HandlerRef): void {
    partition.parked.set(instanceId, ref);
    const key = `${partition.index} ${refKey(ref)}`;
    if (this.said.has(key)) return;
    this.said.add(key);
    void this.say(partition, instanceId, ref).then((isSaid) => {
      if (!isSaid) this.said.delete(key);
    });
  }

  /** A worker that has the handler may have started since the last heartbeat: then there is nothing to say. */
  private async say(partition: Partition, instanceId: string, ref: HandlerRef): Promise<boolean> {
    await this.port.refreshWorkers();
    if (partition.state !== 'owned' || !partition.parked.has(instanceId)) return false;
    const [what, others, remedy] = ref.kind === 'entity' ? ENTITY_TEXTS : INSTANCE_TEXTS;
    this.port.log.warn(
      `${what} '${instanceId}' waits: no live worker that could take it has the ${describeRef(ref)}, and this process has not. ` +
        `So does any other ${others} of it in partition ${partition.index}. ${remedy}`,
    );
    return true;
  }
}

const INSTANCE_TEXTS = ['Instance', 'instance', 'Start a worker that has it, or terminate the instances.'] as const;
const ENTITY_TEXTS = ['Entity', 'key', 'Start a worker that has it: what was sent to them is kept until then.'] as const;

/** By handler, those first for which most waits. */
export function countParked(partitions: Iterable<Partition>): ParkedCount[] {
  const counts = new Map<string, ParkedCount>();
  for (const { parked } of partitions) {
    for (const ref of parked.values()) {
      const key = refKey(ref);
      counts.set(key, { ...ref, instances: (counts.get(key)?.instances ?? 0) + 1 });
    }
  }
  return [...counts.values()].sort((a, b) => b.instances - a.instances);
}
