import type { ActivityDefinition, HandlerRegistry, OrchestratorDefinition } from '../engine/handlers.js';
import type { HandlerList } from '../storage/store.js';
import { HandlerNames } from './handler-names.js';

/** The handlers of one registration; empty until the explorer has filled it. */
export class DiscoveredHandlers implements HandlerRegistry {
  private readonly orchestrators = new Map<string, OrchestratorDefinition>();
  private readonly activities = new Map<string, ActivityDefinition>();
  private readonly names = new HandlerNames();

  addOrchestrator(definition: OrchestratorDefinition): void {
    this.orchestrators.set(versionedKey(definition.name, definition.version), definition);
  }

  addActivity(definition: ActivityDefinition): void {
    this.activities.set(definition.name, definition);
  }

  findOrchestrator(name: string, version?: string): OrchestratorDefinition | undefined {
    return this.orchestrators.get(versionedKey(name, version));
  }

  findActivity(name: string): ActivityDefinition | undefined {
    return this.activities.get(name);
  }

  list(): HandlerList {
    return {
      orchestrators: [...this.orchestrators.values()].map(({ name, version }) => ({ name, version })),
      activities: [...this.activities.keys()],
    };
  }

  namesOf(
    type: abstract new (...args: never[]) => unknown, kind: 'orchestrator' | 'activity',
  ): ReadonlyMap<string, string> {
    return this.names.of(type, kind);
  }
}

function versionedKey(name: string, version: string | undefined): string {
  return JSON.stringify([name, version]);
}
