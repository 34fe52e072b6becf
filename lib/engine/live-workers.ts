import type { HandlerList, HubSigns, WorkerInfo, WorkerRow } from '../storage/store.js';
import { hasHandler, ownersAmong, type HandlerRef } from './handler-sets.js';

/** The workers of the hub, clients left out, as the last heartbeat saw them. */
export class LiveWorkers {
  private rows: readonly WorkerRow[] = [];
  private incarnations = new Set<string>();
  /** Those whose rows are there, or were there when they did not live any more: a clean stop takes the row away. */
  private registered = new Set<string>();
  private readonly dead = new Set<string>();

  /** Takes the rows of a heartbeat; answers whether one that lived does not any more. */
  update(rows: readonly WorkerRow[]): boolean {
    const before = this.incarnations;
    const live = rows.filter((row) => row.live);
    this.registered = new Set(rows.map(({ incarnation }) => incarnation));
    for (const row of rows) if (!row.live) this.dead.add(row.incarnation);
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

  hasOthers({ incarnation }: WorkerInfo): boolean {
    return this.rows.some((row) => row.incarnation !== incarnation);
  }

  hasActivity(name: string): boolean {
    return this.rows.some(({ handlers }) => handlers.activities.includes(name));
  }

  hasOrchestrator(ref: Omit<HandlerRef, 'kind'>): boolean {
    return this.has({ kind: 'orchestrator', ...ref });
  }

  /** @param name in lower case */
  hasEntity(name: string): boolean {
    return this.has({ kind: 'entity', name });
  }

  isLive(incarnation: string): boolean {
    return this.incarnations.has(incarnation);
  }

  /** Whether a worker that does not live has not stopped cleanly [Y8]. */
  hasDied(incarnation: string): boolean {
    return this.registered.has(incarnation) || this.dead.has(incarnation);
  }

  /** Whether a poll saw the same workers: whoever comes has a new id, whoever goes is missing in the count. */
  agreeWith({ workers, newestWorker }: HubSigns): boolean {
    return workers === this.rows.length && newestWorker === Math.max(0, ...this.rows.map(({ workerId }) => workerId));
  }

  private has(ref: HandlerRef): boolean {
    return this.rows.some(({ handlers }) => hasHandler(handlers, ref));
  }
}
