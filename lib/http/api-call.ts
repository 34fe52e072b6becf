import { acceptedResponse, type DurableClient, type ManagementLinks } from '../client/index.js';
import type { ApiAnswer } from './answer.js';
import type { Query } from './query.js';
import type { RequestBodies } from './request-bodies.js';
import type { FrameworkRequest } from './requests.js';

/** A request to the API, as the functions of its routes see it. */
export interface ApiCall {
  readonly request: FrameworkRequest;
  /** Of the task hub that was asked for. */
  readonly client: DurableClient;
  readonly query: Query;
  readonly bodies: RequestBodies;
  /** Links to this API, in this hub. */
  readonly links: ManagementLinks;
}

/** Answers a request. The parameters of the route's path follow the call, decoded. */
export type RouteFunction = (call: ApiCall, ...parameters: string[]) => Promise<ApiAnswer>;

export const ACCEPTED: ApiAnswer = { status: 202 };

/** 202 with the payload of an instance. */
export function accepted({ links }: ApiCall, instanceId: string): ApiAnswer {
  return acceptedResponse(links(instanceId));
}

/** Carries the token of a list's page, in the request and in the answer. */
export const CONTINUATION_TOKEN = 'x-ms-continuation-token';
/** Entries in a page. */
export const MAX_TOP = 1_000;

/** A page of a list, with the token of the next one. */
export function page(entries: readonly unknown[], continuationToken: string | undefined): ApiAnswer {
  return { status: 200, body: entries, ...(continuationToken !== undefined && { headers: { [CONTINUATION_TOKEN]: continuationToken } }) };
}

/** The token that came with a request; an empty one counts as none. */
export function tokenOf({ request }: ApiCall): string | undefined {
  return String(request.headers[CONTINUATION_TOKEN] ?? '') || undefined;
}
