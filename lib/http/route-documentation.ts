/**
 * Documents routes for @nestjs/swagger, with the metadata that its decorators write: the package reads it where the application
 * uses it, and need not be installed.
 */
import 'reflect-metadata';
import type { Route } from './routes.js';

const TAGS = 'swagger/apiUseTags';
const OPERATION = 'swagger/apiOperation';
const PARAMETERS = 'swagger/apiParameters';
const RESPONSE = 'swagger/apiResponse';
const EXCLUDED = 'swagger/apiExcludeEndpoint';

const TYPES = { string: String, boolean: Boolean, number: Number } as const;

export function documentController(type: object, tag: string): void {
  Reflect.defineMetadata(TAGS, [tag], type);
}

export function documentRoute(method: object, { summary, path, query, body, responses }: Route): void {
  const inPath = path.split('/').filter((part) => part.startsWith(':')).map((part) => ({ name: part.slice(1), in: 'path', required: true, type: String }));
  const taskHub = { name: 'taskHub', type: 'string', description: 'default: the one that the API belongs to', required: false } as const;
  const inQuery = [...query, taskHub].map(({ name, type, description, required = false }) => ({ name, in: 'query', required, description, type: TYPES[type] }));
  // The type says nothing beside a schema, and there must be one. Any JSON will do.
  const inBody = body === undefined ? [] : [{ in: 'body', required: false, description: `JSON: ${body}`, type: String, schema: {} }];
  Reflect.defineMetadata(OPERATION, { summary }, method);
  Reflect.defineMetadata(PARAMETERS, [...inPath, ...inQuery, ...inBody], method);
  Reflect.defineMetadata(RESPONSE, Object.fromEntries(Object.entries(responses).map(([status, description]) => [status, { description }])), method);
}

export function hideRoute(method: object): void {
  Reflect.defineMetadata(EXCLUDED, { disable: true }, method);
}
