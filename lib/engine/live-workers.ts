import type { HandlerList, HubSigns, WorkerRow } from '../storage/store.js';
import { hasOrchestrator, ownersAmong, type OrchestratorRef } from './orchestrator-sets.js';

/** The workers of the hub, clients left out, as the last heartbeat saw them. */
export class LiveWorkers {
  private rows: readonly WorkerRow[] = [];
  private incarnations = new Set<string>();

  /** Takes the rows of a heartbeat; answers whether one that lived does not any more. */
  update(rows: readonly WorkerRow[]): boolean {
    const before = this.incarnations;
    const live = rows.filter((row) => row.live);
    this.rows = live.filter(({ worker }) => worker);
    this.incarnations = new Set(live.map(({ incarnation }) => incarnation));
    return [...before].some((incarnation) => !this.incarnations.has(incarnation));
  }

  get handlers(): readonly HandlerList[] {
    return this.rows.map(({ handlers }) => handlers);
  }

  /** Those that own partitions [Y6]. */
  get owners(): readonly WorkerRow[] {
    return ownersAmong(this.rows);
  }

  hasActivity(name: string): boolean {
    return this.rows.some(({ handlers }) => handlers.activities.includes(name));
  }

  hasOrchestrator(ref: OrchestratorRef): boolean {
    return this.rows.some(({ handlers }) => hasOrchestrator(handlers, ref));
  }

  isLive(incarnation: string): boolean {
    return this.incarnations.has(incarnation);
  }

  /** Whether a poll saw the same workers: whoever comes has a new id, whoever goes is missing in the count. */
  agreeWith({ workers, newestWorker }: HubSigns): boolean {
    return workers === this.rows.length && newestWorker === Math.max(0, ...this.rows.map(({ workerId }) => workerId));
  }
}
