/** Microsoft's own client, as a function app has it: what the Azure host would hand to it leads to the API of the test. */
import type { DurableClient as MicrosoftClient } from 'durable-functions';
import type { ApiRun } from './api-run.js';

export type { MicrosoftClient };

/**
 * How it is told where the API is: by a base URL, as out-of-process workers are, or by templates of links, as the webhooks of
 * the Azure host are.
 */
export const MODES = ['rpc', 'webhook'] as const;

export type Mode = (typeof MODES)[number];

/** What the Azure host hands to the client; the package declares it nowhere. */
interface ClientData {
  readonly taskHubName: string;
  readonly creationUrls: Readonly<Record<string, string>>;
  readonly managementUrls: object;
  readonly baseUrl?: string;
  readonly requiredQueryStringParameters?: string;
  readonly rpcBaseUrl?: string;
}

// The package exports its types only.
const { DurableClient } = jest.requireActual<{ DurableClient: new (data: ClientData) => MicrosoftClient }>(
  'durable-functions/lib/src/durableClient/DurableClient',
);

/** Stands in the templates where the instance id is to be. */
const PLACEHOLDER = 'INSTANCEID';

const HUB = 'taskHub=DurableHub';

export function microsoftClient(mode: Mode, { client, base, origin }: ApiRun): MicrosoftClient {
  const request = { protocol: 'http', headers: { host: new URL(origin).host } };
  const data: ClientData = {
    taskHubName: 'DurableHub',
    creationUrls: { createNewInstancePostUri: `${base}/orchestrators/{functionName}[/{instanceId}]?${HUB}` },
    managementUrls: client.createHttpManagementPayload(request, PLACEHOLDER),
    baseUrl: base,
    requiredQueryStringParameters: HUB,
  };
  return new DurableClient(mode === 'rpc' ? { ...data, rpcBaseUrl: `${base}/` } : data);
}
