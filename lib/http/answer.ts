import type { AbstractHttpAdapter } from '@nestjs/core';

/** What the API answers a request with. */
export interface ApiAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** To be sent as JSON; absent: an empty body. */
  readonly body?: unknown;
}

/** Sends an answer, unless something else (a time-out of an interceptor, say) has answered already. */
export function send(adapter: AbstractHttpAdapter, response: unknown, { status, headers = {}, body }: ApiAnswer): void {
  if (adapter.isHeadersSent(response)) return;
  const json = body === undefined ? undefined : JSON.stringify(body);
  const type = json === undefined ? {} : { 'Content-Type': 'application/json; charset=utf-8' };
  // What it tells is true for a moment only.
  for (const [name, value] of Object.entries({ ...type, 'Cache-Control': 'no-store', ...headers })) adapter.setHeader(response, name, value);
  adapter.reply(response, json, status);
}
