/** What is wrong as far as this process knows, from memory: the client's DurableHealth. */
import { entityNameOf, isEntityId } from '../core/entity-id.js';
import type { Activities } from './activities.js';
import type { Dispatcher } from './dispatcher.js';
import type { Entities } from './entities/entities.js';
import { eventLoopLag } from './event-loop-lag.js';
import { describeRef } from './handler-sets.js';
import type { Ownership } from './ownership.js';
import { countParked } from './parked-work.js';
import { ProblemLedger, type Finding } from './problems.js';
import type { StoreHealth } from './store-health.js';
import type { Sweeper } from './sweeper.js';

export interface HealthReportPort {
  readonly health: StoreHealth;
  readonly ownership: Ownership;
  readonly dispatcher: Dispatcher;
  readonly entities: Entities;
  readonly activities: Activities;
  readonly sweeper: Sweeper;
  /** Name of the task hub. */
  readonly hub: string;
  readonly leaseDuration: number;
  /** False: a client only. */
  readonly worker: boolean;
  partitionCount(): number;
  /** Whether the engine has started and does not stop. */
  isRunning(): boolean;
  /** Engine time, epoch ms. */
  now(): number;
}

/** Of these any means that the process can do nothing for its hub. */
const FATAL = new Set(['notRunning', 'outdatedVersion']);

export class HealthReport {
  private readonly ledger = new ProblemLedger();

  constructor(private readonly port: HealthReportPort) {}

  current() {
    const { ownership, worker: isWorker } = this.port;
    const partitions = [...ownership.partitions.values()];
    const parked = countParked(partitions);
    const now = this.port.now();
    const findings = [
      ...this.process(now), ...this.database(), ...this.hub(now), ...this.blocked(), ...this.port.sweeper.findings, ...this.parked(parked), ...this.suspects(), ...this.eventLoop(),
    ];
    const problems = this.ledger.take(findings, now);
    const isDown = problems.some(({ kind }) => FATAL.has(kind)) || !ownership.members.holdsLease;
    const status = isDown ? ('down' as const) : problems.length > 0 ? ('degraded' as const) : ('up' as const);
    return { status, problems, isWorker, partitionCount: this.port.partitionCount(), ownedPartitions: partitions.length, parked };
  }

  private process(now: number): Finding[] {
    const { hub, ownership, leaseDuration } = this.port;
    if (!this.port.isRunning()) return [{ kind: 'notRunning', message: `Task hub '${hub}': this process has not started yet, or is stopping.` }];
    const { outdatedBecause, members } = ownership;
    if (outdatedBecause) return [{ kind: 'outdatedVersion', message: outdatedBecause.message }];
    const age = members.heartbeatAge;
    if (age < (leaseDuration * 2) / 3) return [];
    const what = members.holdsLease ? 'is late' : 'is longer ago than its lease stands: other workers take over what it owned';
    return [{
      kind: 'heartbeat',
      since: now - age,
      message: `Task hub '${hub}': the last heartbeat of this process ${what}. Look at the connection to the database and at what blocks the event loop.`,
    }];
  }

  private database(): Finding[] {
    const { failure } = this.port.health;
    if (!failure) return [];
    const message = `Task hub '${this.port.hub}': the database cannot be reached or refuses writes; it is tried again until it does not. ${failure.reason}`;
    return [{ kind: 'database', since: failure.since, message }];
  }

  private hub(now: number): Finding[] {
    const { hub, ownership, leaseDuration } = this.port;
    // For as long as a takeover takes, nothing is wrong.
    const unowned = ownership.unowned.filter(({ since }) => now - since > 2 * leaseDuration);
    if (unowned.length === 0) return [];
    const partitions = unowned.map(({ partition }) => partition);
    return [{
      kind: 'unowned',
      since: Math.min(...unowned.map(({ since }) => since)),
      partitions,
      message: `Task hub '${hub}': no live worker owns partitions ${partitions.join(', ')}; nothing goes on there. Start a worker, or look into the log of those that run.`,
    }];
  }

  private blocked(): Finding[] {
    return [...this.port.ownership.partitions.values()].flatMap(({ index, blocked }) =>
      [...blocked].map(([instanceId, reason]): Finding => ({
        kind: 'blocked',
        instanceId,
        partitions: [index],
        ...(isEntityId(instanceId) && { handler: { kind: 'entity', name: entityNameOf(instanceId) } }),
        message: `${isEntityId(instanceId) ? 'Entity' : 'Instance'} '${instanceId}' cannot go on: ${reason}`,
      })),
    );
  }

  private parked(parked: ReturnType<typeof countParked>): Finding[] {
    return parked.map(({ instances, ...handler }) => ({
      kind: 'parked',
      handler,
      message: `The ${describeRef(handler)} is needed by ${instances} ${handler.kind === 'entity' ? 'keys' : 'instances'}, and no live worker that could take them has it. Start one that has.`,
    }));
  }

  private suspects(): Finding[] {
    const text = (what: string) => `${what} may be what workers have died of: it runs alone, and after maxDispatchCount attempts it fails.`;
    const { dispatcher, entities, activities } = this.port;
    return [
      ...dispatcher.suspects.map(({ instanceId, row }): Finding => ({
        kind: 'suspect',
        instanceId,
        ...(row && { handler: { kind: 'orchestrator', name: row.name, ...(row.version !== undefined && { version: row.version }) } }),
        message: text(`Instance '${instanceId}'`),
      })),
      ...entities.suspects.map(({ instanceId, entityId }): Finding => ({
        kind: 'suspect', instanceId, handler: { kind: 'entity', name: entityId.name }, message: text(`Entity '${instanceId}'`),
      })),
      ...activities.suspects.map(({ instanceId, name }): Finding => ({
        kind: 'suspect', instanceId, handler: { kind: 'activity', name }, message: text(`Activity '${name}' of instance '${instanceId}'`),
      })),
    ];
  }

  private eventLoop(): Finding[] {
    const { max } = eventLoopLag.current;
    if (max < this.port.leaseDuration / 3) return [];
    const message =
      `Code of this process has blocked the event loop for ${Math.round(max)} ms within the last minute. Heartbeats come each ${Math.round(this.port.leaseDuration / 3)} ms: ` +
      'what blocks it for longer than leaseDuration loses the partitions. Move that work to a worker thread, or into smaller pieces.';
    return [{ kind: 'eventLoop', message }];
  }
}
