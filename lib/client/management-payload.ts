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

/** Where Durable Functions serves its management API. */
const BASE_PATH = '/runtime/webhooks/durabletask';

/**
 * @param call for messages: the client's method
 * @throws {TypeError} for a request without host
 */
export function managementPayload(call: string, request: HttpRequestLike, taskHub: string, instanceId: string): HttpManagementPayload {
  const instance = `${originOf(call, request)}${BASE_PATH}/instances/${encodeURIComponent(instanceId)}`;
  const hub = `taskHub=${encodeURIComponent(taskHub)}`;
  const withReason = (operation: string) => `${instance}/${operation}?reason={text}&${hub}`;
  return {
    id: instanceId,
    statusQueryGetUri: `${instance}?${hub}`,
    sendEventPostUri: `${instance}/raiseEvent/{eventName}?${hub}`,
    terminatePostUri: withReason('terminate'),
    rewindPostUri: withReason('rewind'),
    purgeHistoryDeleteUri: `${instance}?${hub}`,
    restartPostUri: `${instance}/restart?${hub}`,
    suspendPostUri: withReason('suspend'),
    resumePostUri: withReason('resume'),
  };
}

function originOf(call: string, { protocol = 'http', headers }: HttpRequestLike): string {
  // HTTP/2 has the host under a name of its own.
  const host = headers.host ?? headers[':authority'];
  if (typeof host === 'string' && host !== '') return `${protocol}://${host}`;
  throw new TypeError(`${call}: the request has no host header to make links of. Pass the request of Express or Fastify as it came.`);
}
