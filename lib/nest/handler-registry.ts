import type { ActivityDefinition, HandlerRegistry, OrchestratorDefinition } from '../engine/handlers.js';
import type { HandlerList } from '../storage/store.js';
import type { HandlerClass, HandlerNames } from '../core/index.js';
import { KnownHandlerNames } from './handler-names.js';

/** The handlers of one registration; empty until the explorer has filled it. */
export class DiscoveredHandlers implements HandlerRegistry {
  private readonly orchestrators = new Map<string, OrchestratorDefinition>();
  private readonly activities = new Map<string, ActivityDefinition>();
  private readonly handlerList = { orchestrators: [] as { name: string; version?: string }[], activities: [] as string[] };
  private readonly names = new KnownHandlerNames();

  addOrchestrator(definition: OrchestratorDefinition): void {
    const { name, version } = definition;
    this.orchestrators.set(versionedKey(name, version), definition);
    this.handlerList.orchestrators.push({ name, version });
  }

  addActivity(definition: ActivityDefinition): void {
    this.activities.set(definition.name, definition);
    this.handlerList.activities.push(definition.name);
  }

  findOrchestrator(name: string, version?: string): OrchestratorDefinition | undefined {
    return this.orchestrators.get(versionedKey(name, version));
  }

  findActivity(name: string): ActivityDefinition | undefined {
    return this.activities.get(name);
  }

  /** Always the same object: one that was taken before the exploration is complete after it. */
  list(): HandlerList {
    return this.handlerList;
  }

  namesOf(type: HandlerClass<unknown>, kind: 'orchestrator' | 'activity'): HandlerNames {
    return this.names.of(type, kind);
  }
}

function versionedKey(name: string, version: string | undefined): string {
  return JSON.stringify([name, version]);
}
