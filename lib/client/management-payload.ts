/** What of a request the links of a {@link HttpManagementPayload} are made of: Express's and Fastify's requests have it. */
export interface HttpRequestLike {
  /** `http` or `https`, as the framework sees it: behind a proxy it must be told to trust that. Default `http`. */
  readonly protocol?: string;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
}

/**
 * Links to the management API for one instance [K5], as Durable Functions gives them. `{eventName}` and `{text}` (a reason) are to
 * be filled in.
 */
export interface HttpManagementPayload {
  readonly id: string;
  readonly statusQueryGetUri: string;
  readonly sendEventPostUri: string;
  readonly terminatePostUri: string;
  readonly rewindPostUri: string;
  readonly purgeHistoryDeleteUri: string;
  readonly restartPostUri: string;
  readonly suspendPostUri: string;
  readonly resumePostUri: string;
}

/** Where an application serves the management API. */
export interface ManagementApiAddress {
  /** With all that stands before it, and without a slash at the end: `/api/runtime/webhooks/durabletask`. */
  readonly path: string;
  /** Whether `X-Forwarded-Host` and `X-Forwarded-Proto` of a proxy count for links. */
  readonly useForwardedHost: boolean;
}

/** Makes the payload of an instance. */
export type ManagementLinks = (instanceId: string) => HttpManagementPayload;

/** Where Durable Functions serves its management API. */
export const DEFAULT_API: ManagementApiAddress = { path: '/runtime/webhooks/durabletask', useForwardedHost: false };

/** A name or an address, and a port. What else a header may hold would lead the links elsewhere. */
const HOST = /^[\w.~-]+(:\d+)?$|^\[[\da-f:.]+\](:\d+)?$/i;

/**
 * @param call for messages: the client's method
 * @param query parameters that all links have
 * @throws {TypeError} for a request without a usable host
 */
export function managementLinks(
  call: string, request: HttpRequestLike, api: ManagementApiAddress, query: Readonly<Record<string, string>>,
): ManagementLinks {
  const instances = `${originOf(call, request, api)}${api.path}/instances`;
  const common = Object.entries(query).map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join('&');
  return (id) => {
    const instance = `${instances}/${encodeURIComponent(id)}`;
    const withReason = (operation: string) => `${instance}/${operation}?reason={text}&${common}`;
    return {
      id,
      statusQueryGetUri: `${instance}?${common}`,
      sendEventPostUri: `${instance}/raiseEvent/{eventName}?${common}`,
      terminatePostUri: withReason('terminate'),
      rewindPostUri: withReason('rewind'),
      purgeHistoryDeleteUri: `${instance}?${common}`,
      restartPostUri: `${instance}/restart?${common}`,
      suspendPostUri: withReason('suspend'),
      resumePostUri: withReason('resume'),
    };
  };
}

function originOf(call: string, { protocol = 'http', headers }: HttpRequestLike, { useForwardedHost }: ManagementApiAddress): string {
  const forwarded = (name: string) => (useForwardedHost ? firstOf(headers[name]) : undefined);
  // HTTP/2 has the host under a name of its own.
  const host = forwarded('x-forwarded-host') ?? firstOf(headers.host) ?? firstOf(headers[':authority']);
  if (host === undefined) {
    throw new TypeError(`${call}: the request has no host header to make links of. Pass the request of Express or Fastify as it came.`);
  }
  if (!HOST.test(host)) throw new TypeError(`${call}: the request's host, ${JSON.stringify(host)}, is none to make links of.`);
  const scheme = forwarded('x-forwarded-proto')?.toLowerCase();
  return `${scheme === 'http' || scheme === 'https' ? scheme : protocol}://${host}`;
}

/** Each proxy on the way adds to such a header; the first entry is what the caller asked. */
function firstOf(header: string | readonly string[] | undefined): string | undefined {
  const [first] = (typeof header === 'string' ? header : (header?.[0] ?? '')).split(',');
  return first?.trim() || undefined;
}
