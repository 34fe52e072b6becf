import type { ActivityDefinition, EntityDefinition, HandlerRegistry, OrchestratorDefinition } from '../engine/handlers.js';
import type { HandlerList } from '../storage/store.js';
import type { EntityClass, HandlerClass, HandlerNames } from '../core/index.js';
import { DEFAULT_HUB } from './durable.constants.js';
import { KnownEntityClasses } from './entity-classes.js';
import { KnownHandlerNames } from './handler-names.js';

/** The handlers of one registration; empty until the explorer has filled it. */
export class DiscoveredHandlers implements HandlerRegistry {
  private readonly orchestrators = new Map<string, OrchestratorDefinition>();
  private readonly activities = new Map<string, ActivityDefinition>();
  private readonly entities = new Map<string, EntityDefinition>();
  private readonly handlerList = {
    orchestrators: [] as { name: string; version?: string }[], activities: [] as string[], entities: [] as string[],
  };
  private readonly names = new KnownHandlerNames();
  private readonly entityClasses: KnownEntityClasses;

  /** @param hub name of the registration */
  constructor(hub: string = DEFAULT_HUB) {
    this.entityClasses = new KnownEntityClasses(hub);
  }

  addOrchestrator(definition: OrchestratorDefinition): void {
    const { name, version } = definition;
    this.orchestrators.set(versionedKey(name, version), definition);
    this.handlerList.orchestrators.push({ name, version });
  }

  addActivity(definition: ActivityDefinition): void {
    this.activities.set(definition.name, definition);
    this.handlerList.activities.push(definition.name);
  }

  addEntity(definition: EntityDefinition): void {
    this.entities.set(definition.name, definition);
    this.handlerList.entities.push(definition.name);
  }

  findOrchestrator(name: string, version?: string): OrchestratorDefinition | undefined {
    return this.orchestrators.get(versionedKey(name, version));
  }

  findActivity(name: string): ActivityDefinition | undefined {
    return this.activities.get(name);
  }

  findEntity(name: string): EntityDefinition | undefined {
    return this.entities.get(name);
  }

  /** Always the same object: one that was taken before the exploration is complete after it. */
  list(): HandlerList {
    return this.handlerList;
  }

  namesOf(type: HandlerClass<unknown>, kind: 'orchestrator' | 'activity'): HandlerNames {
    return this.names.of(type, kind);
  }

  entityOf(type: HandlerClass<unknown>): EntityClass {
    return this.entityClasses.of(type);
  }
}

function versionedKey(name: string, version: string | undefined): string {
  return JSON.stringify([name, version]);
}
