import type { IncomingMessage } from 'node:http';
import type { AbstractHttpAdapter } from '@nestjs/core';

/** Takes Node's request before anything else does. */
export type FirstMiddleware = (request: IncomingMessage, response: unknown, next: () => void) => void;

/** What is used of Fastify's instance; an application need not have the package. */
interface FastifyLike {
  /** The second place is the newer one for settings of the router. */
  readonly initialConfig: SlashSetting & { readonly routerOptions?: SlashSetting };
  addHook(name: 'onRequest', hook: (request: { readonly raw: IncomingMessage }, reply: unknown, done: () => void) => void): void;
  addHook(name: 'onRoute', hook: (route: FastifyRoute) => void): void;
  route(route: FastifyRoute): void;
}

interface SlashSetting {
  readonly ignoreTrailingSlash?: boolean;
}

interface FastifyRoute {
  readonly method: string | readonly string[];
  url: string;
  readonly handler: unknown;
}

/**
 * Puts a middleware before the parsers, those of Nest included, and has Fastify route as Express does. In an application without
 * HTTP, which has no adapter, there is nothing to do.
 * @param isOurs whether a path is one of the API
 */
export function prepareAdapter(adapter: AbstractHttpAdapter | null, middleware: FirstMiddleware, isOurs: (path: string) => boolean): void {
  if (adapter?.getType() === 'fastify') {
    const fastify = adapter.getInstance<FastifyLike>();
    fastify.addHook('onRequest', ({ raw }, reply, done) => middleware(raw, reply, done));
    fastify.addHook('onRoute', (route) => adaptRoute(fastify, route, isOurs));
  } else {
    adapter?.use(middleware);
  }
}

/**
 * Paths with a slash at the end, as Microsoft's client asks for its lists, and a wildcard without a name: Nest makes no routes of the
 * first kind, and hands on Express's form of the second.
 */
function adaptRoute(fastify: FastifyLike, route: FastifyRoute, isOurs: (path: string) => boolean): void {
  const { method, url, handler } = route;
  if (!isOurs(url)) return;
  if (url.includes('*')) route.url = url.replace(/\*\w+$/, '*');
  // Fastify itself makes routes for HEAD of those for GET.
  else if (!url.endsWith('/') && method !== 'HEAD' && !ignoresTrailingSlash(fastify)) fastify.route({ method, url: `${url}/`, handler });
}

/** Then both paths are one, which cannot be there twice. */
function ignoresTrailingSlash({ initialConfig }: FastifyLike): boolean {
  return initialConfig.ignoreTrailingSlash === true || initialConfig.routerOptions?.ignoreTrailingSlash === true;
}
