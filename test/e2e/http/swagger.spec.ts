import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import { ADAPTERS, BASE_PATH } from './support/api-app.js';
import { useServed } from './support/served.js';

describe.each(ADAPTERS)('@nestjs/swagger of an application on %s', (adapter) => {
  const serve = useServed(adapter);

  it('shows each row of the API, and nothing that is none', async () => {
    const { app } = await serve({ durable: { http: { allowAnonymous: true } }, configure: (each) => void each.setGlobalPrefix('api') });
    const { paths } = SwaggerModule.createDocument(app, new DocumentBuilder().build());
    const below = (path: string) => path.replace(`/api${BASE_PATH}/`, '').replaceAll(/\{\w+\}/g, '{}');
    const routes = Object.entries(paths).map(([path, methods]) => `${Object.keys(methods).sort().join(' ')} ${below(path)}`);
    expect(routes.sort()).toEqual([
      'delete get post entities/{}/{}', 'delete get instances', 'delete get instances/{}', 'get entities', 'get entities/{}',
      'post instances/{}/raiseEvent/{}', 'post instances/{}/restart', 'post instances/{}/resume', 'post instances/{}/rewind', 'post instances/{}/suspend',
      'post instances/{}/terminate', 'post orchestrators/{}', 'post orchestrators/{}/{}',
    ].sort());
  });

  it('tells the parameters, the body and the answers of a row', async () => {
    const { app } = await serve({ durable: { http: { allowAnonymous: true } } });
    const { paths } = SwaggerModule.createDocument(app, new DocumentBuilder().build());
    const start = Object.entries(paths).find(([path]) => /orchestrators\/\{\w+\}\/\{\w+\}$/.test(path))![1].post!;
    const names = start.parameters!.map((parameter) => ('name' in parameter ? `${parameter.in} ${parameter.name}` : parameter.$ref));
    expect(names).toEqual(expect.arrayContaining(['path name', 'path id', 'query version', 'query timeout', 'query pollingInterval', 'query taskHub']));
    expect(Object.keys(start.responses)).toEqual(expect.arrayContaining(['202', '400', '409']));
    expect(start.requestBody).toBeDefined();
    const status = Object.entries(paths).find(([path]) => /instances\/\{\w+\}$/.test(path))![1].get!;
    expect(Object.keys(status.responses)).toEqual(expect.arrayContaining(['200', '202', '404']));
  });

  it('shows nothing of an API that is off', async () => {
    const { app } = await serve({ durable: {} });
    expect(SwaggerModule.createDocument(app, new DocumentBuilder().build()).paths).toEqual({});
  });
});
