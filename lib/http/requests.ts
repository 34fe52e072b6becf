import type { IncomingMessage } from 'node:http';
import type { HttpRequestLike } from '../client/index.js';

/** What the API needs of a request. Express's is Node's own, Fastify's holds that one. */
export interface FrameworkRequest extends HttpRequestLike {
  readonly raw?: IncomingMessage;
  /** What the framework, or the platform before it, made of the body. */
  readonly body?: unknown;
  readonly rawBody?: unknown;
}

/** Node's request. */
export function rawOf(request: FrameworkRequest): IncomingMessage {
  return request.raw ?? (request as unknown as IncomingMessage);
}

/** A path without a slash at its end, and the query. */
export interface Target {
  readonly path: string;
  readonly query: string;
}

export function targetOf({ url = '/' }: Pick<IncomingMessage, 'url'>): Target {
  const mark = url.indexOf('?');
  const path = mark === -1 ? url : url.slice(0, mark);
  return { path: path.replace(/\/+$/, ''), query: mark === -1 ? '' : url.slice(mark + 1) };
}

/** What follows `base` in a path, ignoring case as routers may do: '' or what begins with a slash; `undefined` for another path. */
export function pathAfter(base: string, path: string): string | undefined {
  const rest = path.slice(base.length);
  const lies = path.slice(0, base.length).toLowerCase() === base.toLowerCase() && (rest === '' || rest.startsWith('/'));
  return lies ? rest : undefined;
}
