import { ScenarioRun } from '../../support/scenario-run.js';
import { BASE_PATH, type AdapterKind, type ApiApp } from './api-app.js';
import { call, type ApiAnswer, type ApiRequest } from './calls.js';

/** What a test of the API works with: all that a scenario has, and the API. */
export class ApiRun extends ScenarioRun {
  readonly adapter: AdapterKind;
  /** `http://127.0.0.1:<port>`. */
  readonly origin: string;
  /** Where the API's paths begin, without a slash at the end. */
  readonly base: string;

  constructor(app: ApiApp, number: number) {
    super(app, 'warm', number);
    this.adapter = app.adapter;
    this.origin = app.origin;
    this.base = `${app.origin}${BASE_PATH}`;
  }

  /** `path` is that of the table in semantics.md section 5: `instances/a?showHistory=true`. */
  readonly GET = (path: string, request?: ApiRequest): Promise<ApiAnswer> => call('GET', `${this.base}/${path}`, request);
  readonly POST = (path: string, request?: ApiRequest): Promise<ApiAnswer> => call('POST', `${this.base}/${path}`, request);
  readonly DELETE = (path: string, request?: ApiRequest): Promise<ApiAnswer> => call('DELETE', `${this.base}/${path}`, request);
}
