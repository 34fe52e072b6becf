import { HTTP_ACTIVITY } from '../../core/reserved-names.js';
import type { ActivityDefinition, HandlerRegistry } from '../handlers.js';
import { httpActivity, type HttpActivityPort } from './http-activity.js';

/** The handlers of an application with those that every worker has. */
export function withBuiltIns(handlers: HandlerRegistry, port: HttpActivityPort): HandlerRegistry {
  const http: ActivityDefinition = { name: HTTP_ACTIVITY, handler: httpActivity(port), source: 'ctx.callHttp', isBuiltIn: true };
  return {
    findOrchestrator: (name, version) => handlers.findOrchestrator(name, version),
    findActivity: (name) => (name === HTTP_ACTIVITY ? http : handlers.findActivity(name)),
    findEntity: (name) => handlers.findEntity(name),
    list: () => {
      const list = handlers.list();
      return { ...list, activities: [...list.activities, HTTP_ACTIVITY] };
    },
    namesOf: (type, kind) => handlers.namesOf(type, kind),
    entityOf: (type) => handlers.entityOf(type),
  };
}
