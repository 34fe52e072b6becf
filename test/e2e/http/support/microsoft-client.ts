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
export const PLACEHOLDER = 'INSTANCEID';

/** Where the client is led. */
export interface Destination {
  /** Of the API, without a slash at the end. */
  readonly base: string;
  /** The API's payload for an instance {@link PLACEHOLDER}. */
  readonly managementUrls: object;
  readonly key?: string;
}

export function microsoftClientOf(mode: Mode, { base, managementUrls, key = 'none' }: Destination): MicrosoftClient {
  const data: ClientData = {
    taskHubName: 'DurableHub',
    creationUrls: { createNewInstancePostUri: `${base}/orchestrators/{functionName}[/{instanceId}]?taskHub=DurableHub&code=${key}` },
    managementUrls,
    baseUrl: base,
    requiredQueryStringParameters: `code=${key}`,
  };
  return new DurableClient(mode === 'rpc' ? { ...data, rpcBaseUrl: `${base}/` } : data);
}

/** The client for an API that needs no key. */
export function microsoftClient(mode: Mode, { client, base, origin }: ApiRun): MicrosoftClient {
  const request = { protocol: 'http', headers: { host: new URL(origin).host } };
  return microsoftClientOf(mode, { base, managementUrls: client.createHttpManagementPayload(request, PLACEHOLDER) });
}
