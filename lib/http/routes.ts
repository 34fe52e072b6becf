import type { RouteFunction } from './api-call.js';
import { raiseEvent, restart, resume, rewind, suspend, terminate } from './control-routes.js';
import { deleteEntity, listEntities, readEntity, signalEntity } from './entity-routes.js';
import { getStatus, list, purge, purgeBy, start } from './instance-routes.js';

/** A parameter of a route's query, for its documentation. */
export interface RouteParameter {
  readonly name: string;
  readonly type: 'string' | 'boolean' | 'number';
  readonly description?: string;
  readonly required?: boolean;
}

/** A route of the API: a row of the table in semantics.md section 5, with its optional parts written out. */
export interface Route {
  /** Of the controller's method. */
  readonly name: string;
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Below the API's own path; parameters begin with a colon. */
  readonly path: string;
  readonly answer: RouteFunction;
  readonly summary: string;
  readonly query: readonly RouteParameter[];
  /** What the JSON of the body is, where one is taken. */
  readonly body?: string;
  /** What each status that it answers with means. */
  readonly responses: Readonly<Record<number, string>>;
}

const flag = (name: string, description?: string): RouteParameter => ({ name, type: 'boolean', description });
const text = (name: string, description?: string): RouteParameter => ({ name, type: 'string', description });
const number = (name: string, description?: string): RouteParameter => ({ name, type: 'number', description });

const REASON = text('reason');
const CREATED = [text('createdTimeFrom', 'UTC, created then or later'), text('createdTimeTo', 'UTC, created then or earlier')];
const STATUSES = text('runtimeStatus', 'statuses, separated by commas');
const SHOW_INPUT = flag('showInput', 'default true');
const TOP = number('top', 'entries in a page, at most 1 000; default 100');

const OVERLOADED = { 503: 'the task hub is overloaded: try again after the seconds of Retry-After' };

const START = {
  method: 'POST',
  answer: start,
  query: [
    text('version'), text('onConflict', "what happens when the id is in use: replaceFinished (default), useExisting, terminateAndReplace or reject"),
    number('timeout', 'seconds to wait for the end'), number('pollingInterval', 'seconds between two looks while waiting'),
  ],
  body: 'the input',
  responses: {
    202: 'it is started: where to ask for it',
    200: 'with timeout: the output, or the status of a terminated instance', 500: 'with timeout: the status of a failed instance',
    400: 'the body, the name, the version or the id cannot be', 409: 'the id is in use', 413: 'the input is too large', ...OVERLOADED,
  },
} as const;
const LIST_ENTITIES = {
  method: 'GET',
  answer: listEntities,
  query: [flag('fetchState', 'default false'), text('lastOperationTimeFrom', 'UTC'), text('lastOperationTimeTo', 'UTC'), TOP],
  responses: { 200: 'the entities', 400: 'a parameter cannot be' },
} as const;
const MISSING = { 404: 'there is no such instance' };
const UNFINISHED = { ...MISSING, 410: 'the instance is finished' };
const CONTROL = { method: 'POST', query: [REASON], responses: { 202: 'it is sent', ...UNFINISHED, 409: 'the status does not allow it' } } as const;

export const ROUTES: readonly Route[] = [
  { ...START, name: 'start', path: 'orchestrators/:name', summary: 'Starts an orchestration' },
  { ...START, name: 'startWithId', path: 'orchestrators/:name/:id', summary: 'Starts an orchestration with an id of your own' },
  {
    name: 'getStatus', method: 'GET', path: 'instances/:id', answer: getStatus, summary: 'The status of an instance',
    query: [flag('showHistory'), flag('showHistoryOutput'), SHOW_INPUT, flag('returnInternalServerErrorOnFailure', 'default false')],
    responses: { 200: 'the status of a finished instance', 202: 'that of one that is not finished', 500: 'it failed, when that was asked for', ...MISSING },
  },
  {
    name: 'list', method: 'GET', path: 'instances', answer: list, summary: 'Instances in the order of their creation',
    query: [text('instanceIdPrefix'), ...CREATED, STATUSES, SHOW_INPUT, TOP], responses: { 200: 'their statuses', 400: 'a parameter cannot be' },
  },
  {
    name: 'purge', method: 'DELETE', path: 'instances/:id', answer: purge, summary: 'Deletes a finished instance with its history', query: [],
    responses: { 200: 'it is deleted', ...MISSING, 409: 'the instance is not finished' },
  },
  {
    name: 'purgeBy', method: 'DELETE', path: 'instances', answer: purgeBy, summary: 'Deletes finished instances with their histories',
    query: [{ ...CREATED[0]!, required: true }, CREATED[1]!, STATUSES],
    responses: { 200: 'how many were deleted', 400: 'a parameter cannot be', 404: 'there is none' },
  },
  {
    name: 'raiseEvent', method: 'POST', path: 'instances/:id/raiseEvent/:event', answer: raiseEvent, summary: 'Sends an external event', query: [],
    body: "the event's data", responses: { 202: 'it is sent', 400: 'the body is no JSON', ...UNFINISHED, 413: 'the data is too large' },
  },
  { ...CONTROL, name: 'terminate', path: 'instances/:id/terminate', answer: terminate, summary: 'Ends an instance' },
  { ...CONTROL, name: 'suspend', path: 'instances/:id/suspend', answer: suspend, summary: 'Suspends an instance' },
  { ...CONTROL, name: 'resume', path: 'instances/:id/resume', answer: resume, summary: 'Lets a suspended instance go on' },
  {
    name: 'rewind', method: 'POST', path: 'instances/:id/rewind', answer: rewind, summary: 'Lets a failed instance go on', query: [REASON],
    responses: { 202: 'it goes on', ...MISSING, 410: 'the instance is Completed or Terminated', 412: 'the instance is not finished' },
  },
  {
    name: 'restart', method: 'POST', path: 'instances/:id/restart', answer: restart, summary: 'Starts an instance anew',
    query: [flag('restartWithNewInstanceId', 'default true')],
    responses: { 202: 'it is started: where to ask for it', 400: 'there is no such instance', 409: 'the id is to stay, and the instance is not finished', ...OVERLOADED },
  },
  {
    name: 'readEntity', method: 'GET', path: 'entities/:name/:key', answer: readEntity, summary: 'The state of an entity', query: [],
    responses: { 200: 'the state', 404: 'there is no such entity' },
  },
  { ...LIST_ENTITIES, name: 'listEntities', path: 'entities', summary: 'Entities' },
  { ...LIST_ENTITIES, name: 'listEntitiesOfName', path: 'entities/:name', summary: 'Entities of a name' },
  {
    name: 'signalEntity', method: 'POST', path: 'entities/:name/:key', answer: signalEntity, summary: 'Sends an operation to an entity',
    query: [{ ...text('op', 'the operation'), required: true }], body: 'its input',
    responses: { 202: 'it is sent', 400: 'the body, the name or the key cannot be', 413: 'the input is too large' },
  },
  {
    name: 'deleteEntity', method: 'DELETE', path: 'entities/:name/:key', answer: deleteEntity, summary: 'Sends the operation delete to an entity', query: [],
    responses: { 202: 'it is sent', 400: 'the name or the key cannot be' },
  },
];

/**
 * The route of a path below the API's own, and its parameters, not decoded. Paths are matched here again, since routers differ in long
 * parameters, in slashes at the end, and in case.
 */
export function findRoute(method: string, path: string): { readonly route: Route; readonly parameters: readonly string[] } | undefined {
  const parts = path.split('/').slice(1);
  const asked = method === 'HEAD' ? 'GET' : method;
  for (const route of ROUTES) {
    const parameters = route.method === asked ? parametersOf(route.path.split('/'), parts) : undefined;
    if (parameters) return { route, parameters };
  }
  return undefined;
}

function parametersOf(pattern: readonly string[], parts: readonly string[]): string[] | undefined {
  const fits = pattern.length === parts.length && pattern.every((wanted, index) => {
    const part = parts[index]!;
    return wanted.startsWith(':') ? part !== '' : part.toLowerCase() === wanted.toLowerCase();
  });
  return fits ? parts.filter((_, index) => pattern[index]!.startsWith(':')) : undefined;
}
