import { Catch, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { send } from './answer.js';
import { failure } from './errors.js';

/** Answers what guards and interceptors throw in the API's own form: a filter of the controller comes before the application's. */
@Catch()
export class ApiExceptionFilter implements ExceptionFilter {
  constructor(private readonly adapterHost: HttpAdapterHost) {}

  catch(error: unknown, host: ArgumentsHost): void {
    send(this.adapterHost.httpAdapter, host.switchToHttp().getResponse(), failure(error));
  }
}
