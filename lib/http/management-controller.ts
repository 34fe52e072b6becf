import {
  All, Controller, Delete, Get, Inject, Injectable, Post, Req, Res, UseFilters, UseGuards, VERSION_NEUTRAL,
  type CanActivate, type ExecutionContext, type InjectionToken, type Type,
} from '@nestjs/common';
import { ApiExceptionFilter } from './exception-filter.js';
import type { ManagementApi } from './management-api.js';
import type { FrameworkRequest } from './requests.js';
import { documentController, documentRoute, hideRoute } from './route-documentation.js';
import { ROUTES } from './routes.js';

const DECORATORS = { GET: Get, POST: Post, DELETE: Delete } as const;

/**
 * The controller of one registration's API. Its methods are those of {@link ROUTES}, and one for all other paths below the API's,
 * which answers 404; all of them give the request to the {@link ManagementApi}.
 * @param registration its name; a class for each of them is told apart by it, in Nest's log and by @nestjs/swagger
 * @param path of the API, below the application's global prefix
 * @param token of the {@link ManagementApi}
 */
export function createManagementController(registration: string, path: string, token: InjectionToken<ManagementApi>): Type<unknown> {
  const ManagementController = class {
    constructor(readonly api: ManagementApi) {}
  };
  const name = `DurableManagement(${registration})`;
  Object.defineProperty(ManagementController, 'name', { value: name });
  Inject(token)(ManagementController, undefined, 0);
  Controller({ path, version: VERSION_NEUTRAL })(ManagementController);
  UseGuards(createGuard(token))(ManagementController);
  UseFilters(ApiExceptionFilter)(ManagementController);
  documentController(ManagementController, name);
  for (const route of ROUTES) documentRoute(addMethod(ManagementController, route.name, DECORATORS[route.method](route.path)), route);
  // Behind the others: also for what a router finds no route for, though there is one (Fastify: parameters of more than 100 characters).
  hideRoute(addMethod(ManagementController, 'others', All('*path')));
  return ManagementController;
}

function addMethod(type: Type<{ readonly api: ManagementApi }>, name: string, route: MethodDecorator): object {
  // With the response as a parameter, Nest leaves it to the method to answer; without a pipeable one, no pipe is run.
  const value = function (this: { readonly api: ManagementApi }, request: FrameworkRequest, response: unknown): Promise<void> {
    return this.api.serve(request, response);
  };
  Object.defineProperty(value, 'name', { value: name });
  const descriptor = { value, writable: true, configurable: true, enumerable: false };
  Object.defineProperty(type.prototype, name, descriptor);
  Req()(type.prototype as object, name, 0);
  Res()(type.prototype as object, name, 1);
  route(type.prototype as object, name, descriptor);
  return value;
}

function createGuard(token: InjectionToken<ManagementApi>): Type<CanActivate> {
  @Injectable()
  class ManagementApiGuard implements CanActivate {
    constructor(@Inject(token) private readonly api: ManagementApi) {}

    canActivate(context: ExecutionContext): Promise<boolean> {
      return this.api.admits(context);
    }
  }
  return ManagementApiGuard;
}
