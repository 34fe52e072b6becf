import type { AbstractHttpAdapter } from '@nestjs/core';

/** What is used of Fastify's instance, which an application need not have installed. */
interface FastifyLike {
  addHook(name: 'onRoute', hook: (route: FastifyRoute) => void): void;
  route(route: FastifyRoute): void;
}

interface FastifyRoute {
  readonly method: string | readonly string[];
  readonly url: string;
  readonly handler: unknown;
}

/**
 * Serves the API's paths with a slash at the end too: Microsoft's client asks for its lists so. Express does that by itself, and
 * Nest makes no such routes.
 */
export function serveSlashes(adapter: AbstractHttpAdapter, isOurs: (path: string) => boolean): void {
  if (adapter.getType() !== 'fastify') return;
  const fastify = adapter.getInstance<FastifyLike>();
  fastify.addHook('onRoute', ({ method, url, handler }) => {
    // Fastify makes routes for HEAD of those for GET.
    if (isOurs(url) && !url.includes('*') && !url.endsWith('/') && method !== 'HEAD') fastify.route({ method, url: `${url}/`, handler });
  });
}
