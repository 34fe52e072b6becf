import { decoratorOf, type HandlerMetadata } from './durable-metadata.js';

/** Where a handler stands in the application, for messages. */
export interface HandlerPlace {
  readonly moduleName: string;
  readonly className: string;
  /** Absent: the class itself is the handler, an entity. */
  readonly methodName?: string;
}

export interface MethodPlace extends HandlerPlace {
  readonly methodName: string;
}

/** The application's handlers cannot be run as they are; it refuses to start. The message says where and what to do. */
export class InvalidHandlerError extends Error {
  static {
    this.prototype.name = 'InvalidHandlerError';
  }
}

function label(place: HandlerPlace, metadata: HandlerMetadata): string {
  return `The ${metadata.kind} ${placeOf(place)}`;
}

export function placeOf(place: HandlerPlace): string {
  return `${sourceOf(place)} (module ${place.moduleName})`;
}

/** `OrderService.fulfil`, or the class. */
export function sourceOf({ className, methodName }: HandlerPlace): string {
  return methodName === undefined ? className : `${className}.${methodName}`;
}

/** `@Orchestrator({ name })` */
function withName({ kind }: HandlerMetadata): string {
  return decoratorOf(kind).replace('()', '({ name })');
}

export const MESSAGES = {
  asyncOrchestrator: (place: MethodPlace, metadata: HandlerMetadata) =>
    `${label(place, metadata)} is async or returns a promise. An orchestrator is replayed and must be synchronous: ` +
    `write it as a generator, *${place.methodName}(ctx, input): Orchestration<T>, with yield* in place of await, ` +
    'and move what awaits into activities.',

  generatorActivity: (place: HandlerPlace, metadata: HandlerMetadata) =>
    `${label(place, metadata)} is a generator. An activity is a plain or an async method; ` +
    'was @Orchestrator() meant?',

  generatorEntity: (place: HandlerPlace, metadata: HandlerMetadata) =>
    `${label(place, metadata)} is a generator. What an entity does is written as plain or async methods; was @Orchestrator() meant?`,

  generatorOperation: (place: HandlerPlace, metadata: HandlerMetadata, methodName: string) =>
    `${label(place, metadata)} has the operation ${methodName}, which is a generator. An operation is a plain or an async method; ` +
    'name it with an underscore in front, or make it #private, if it is none.',

  notTaskEntity: (place: HandlerPlace, metadata: HandlerMetadata) =>
    `${label(place, metadata)} does not extend TaskEntity: write class ${place.className} extends TaskEntity<State>, or decorate a method ` +
    '(ctx: EntityContext) with @Entity() instead of the class.',

  undecoratedEntity: (place: HandlerPlace) =>
    `The class ${placeOf(place)} extends TaskEntity and has no @Entity() of its own: decorate it, or do not provide it. A subclass of an ` +
    'entity is an entity of its own, with a name of its own.',

  foreignEntityDecorator: (place: HandlerPlace) =>
    `The class ${placeOf(place)} extends TaskEntity and has the @Entity() of TypeORM, which makes tables of classes: import Entity from ` +
    "'nestjs-durable' instead.",

  sharedEntityObject: (place: HandlerPlace, metadata: HandlerMetadata) =>
    `${label(place, metadata)} is provided as a value or by a factory, which make one object, and each entity needs an object of its own: ` +
    `provide the class, { provide: ${place.className}, useClass: ${place.className} }, and let Nest inject what it needs. In tests too: ` +
    'overrideProvider().useClass(), or useValue() with an object that is no TaskEntity.',

  decoratedOperation: (place: HandlerPlace, metadata: HandlerMetadata, entity: HandlerMetadata) =>
    `${label(place, metadata)} is a method of the entity '${entity.name}', where each method is an operation: move it to another provider.`,

  ambiguousOperations: (place: HandlerPlace, metadata: HandlerMetadata, reason: string) =>
    `${label(place, metadata)} cannot be run: ${reason}. Rename one of them.`,

  scopedOrchestrator: (place: HandlerPlace, metadata: HandlerMetadata) =>
    `${label(place, metadata)} belongs to a provider that is request-scoped or transient, or depends on one that is ` +
    'request-scoped. An orchestrator outlives every request: make the provider a singleton, and move what needs the ' +
    'scope into activities of another provider. A request-scoped enhancer of the class or of one of its methods makes ' +
    'the provider request-scoped too.',

  unavailableEnhancer: (place: HandlerPlace, metadata: HandlerMetadata, enhancer: string) =>
    `${label(place, metadata)} has the enhancer ${enhancer}, of which Nest makes no instance: it does so for providers that ` +
    'are classes, when the decorators of class and method can be read there. Provide the class itself in place of a ' +
    `factory or a value, or give the decorator an instance, new ${enhancer}().`,

  duplicate: (place: HandlerPlace, metadata: HandlerMetadata, earlier: HandlerPlace) =>
    `${label(place, metadata)} has the name '${metadata.name}'` +
    `${metadata.version === undefined ? '' : ` version '${metadata.version}'`}, and so has ${placeOf(earlier)}. ` +
    `Give one of them another name, ${withName(metadata)}, ` +
    'or provide the class in one module only and export it from there.',

  inheritedTwice: (place: HandlerPlace, metadata: HandlerMetadata, earlier: HandlerPlace) =>
    `${label(place, metadata)} has the name '${metadata.name}', and so has ${placeOf(earlier)}: both inherit the decorated ` +
    'method. Leave the decorator out of the base class, and in each subclass override the method with one that has a ' +
    `name of its own, ${withName(metadata)}.`,

  unknownHub: (place: HandlerPlace, metadata: HandlerMetadata, hubs: readonly string[]) =>
    `${label(place, metadata)} belongs to the registration '${metadata.hub}', which no DurableModule has; there are: ` +
    `${hubs.map((hub) => `'${hub}'`).join(', ')}. Name one of them in the decorator, { hub }, or register ` +
    `DurableModule.forRoot({ name: '${metadata.hub}' }).`,

  onController: (place: HandlerPlace, metadata: HandlerMetadata) =>
    `${label(place, metadata)} stands on a controller, where it is not looked for: move it to a provider.`,

  duplicateRegistration: (hub: string) =>
    `DurableModule is registered more than once under the name '${hub}'. Call forRoot once, in the root module ` +
    '(with isGlobal: true for the others), or give each registration a name of its own.',
} as const;
