import { expect } from 'vitest';
import { ENVIRONMENTS } from '../../../infra/environments.ts';
import { describe, test } from '../proving.ts';
import { flat, ISSUER, ofType, only, type Resource, SIGNED, synthesized, type Template } from '../synth.ts';

const routes = (template: Template): Map<string, string> =>
  new Map(
    ofType(template, 'AWS::ApiGatewayV2::Route').map(([, { Properties }]) => [
      String(Properties['RouteKey']),
      String(Properties['AuthorizationType']),
    ]),
  );

const OPEN = [
  'GET /',
  'GET /assets/{proxy+}',
  'GET /healthz',
  'GET /openapi.json',
  'GET /ui/{proxy+}',
  'HEAD /assets/{proxy+}',
  'HEAD /ui/{proxy+}',
  'POST /ui/{proxy+}',
];
const SIGN_IN = ['GET /auth/{proxy+}', 'POST /auth/{proxy+}'];
const LINKS = ['GET /a/{capability}', 'HEAD /a/{capability}', 'POST /a/{capability}'];

describe.each([...ENVIRONMENTS, SIGNED])('$name', ({ name: env, allowLinkApproval, oidc, retention }) => {
  const { service } = synthesized(env);
  const byRoute = routes(service);

  test('only pages, health and the API description are open, and sign-in and approval links where the app guards them', () => {
    const open = [...byRoute].filter(([, authorization]) => authorization === 'NONE').map(([key]) => key);
    expect(open.sort()).toEqual([...OPEN, ...(oidc ? SIGN_IN : []), ...(allowLinkApproval || oidc ? LINKS : [])].sort());
  });

  test('whatever else the app serves needs a token, or IAM where no issuer is named', () => {
    const guarded = [...byRoute].filter(([, authorization]) => authorization !== 'NONE');
    const routes = ['ANY /{proxy+}', 'GET /telemetry', 'GET /telemetry/{proxy+}'];
    expect(guarded.toSorted()).toEqual(routes.map((route) => [route, oidc ? 'JWT' : 'AWS_IAM']));
  });

  test('requests are throttled', () => {
    expect(only(service, 'AWS::ApiGatewayV2::Stage').Properties['DefaultRouteSettings']).toEqual({
      ThrottlingBurstLimit: 100,
      ThrottlingRateLimit: 50,
    });
  });

  test('accesses are logged as JSON, without the path, which may hold a capability', () => {
    const { AccessLogSettings } = only(service, 'AWS::ApiGatewayV2::Stage').Properties as {
      AccessLogSettings: { Format: string; DestinationArn: unknown };
    };
    expect(Object.values(JSON.parse(AccessLogSettings.Format))).toContain('$context.routeKey');
    expect(AccessLogSettings.Format).not.toMatch(/\$context\.(path|domain|authorizer\.token)/);
    const logs = service.Resources[flat(AccessLogSettings.DestinationArn).slice(1, -'.Arn>'.length)];
    expect(logs?.Properties['RetentionInDays']).toBe(retention.logDays);
  });

  test('API Gateway alone may invoke the functions behind it, by their alias', () => {
    const permissions = ofType(service, 'AWS::Lambda::Permission');
    expect(permissions).toHaveLength(2);
    for (const [, { Properties }] of permissions) {
      expect(Properties).toMatchObject({ Action: 'lambda:InvokeFunction', Principal: 'apigateway.amazonaws.com' });
      const alias = service.Resources[flat(Properties['FunctionName']).slice(1, -1)];
      expect(alias).toMatchObject({ Type: 'AWS::Lambda::Alias', Properties: { Name: 'live' } });
    }
  });

  test.each([
    ['reconcile', 'rate(5 minutes)'],
    ['digest', 'rate(1 hour)'],
  ])('%s runs on schedule, %s, by its alias, and a failed pass is kept', (name, rate) => {
    const named = (type: string): Resource[] =>
      ofType(service, type).flatMap(([id, resource]) => (id.toLowerCase().includes(name) ? [resource] : []));
    const [schedule, ...others] = named('AWS::Scheduler::Schedule');
    expect(others).toEqual([]);
    const Properties = schedule?.Properties ?? {};
    const { Arn, DeadLetterConfig } = Properties['Target'] as { Arn: unknown; DeadLetterConfig: { Arn: unknown } };
    expect(Properties).toMatchObject({ ScheduleExpression: rate, State: 'ENABLED' });
    const alias = service.Resources[flat(Arn).slice(1, -1)];
    const target = service.Resources[flat(alias?.Properties['FunctionName']).slice(1, -1)];
    expect(target?.Properties['FunctionName']).toBe(`holdpoint-${env}-${name}`);
    expect(named('AWS::Lambda::EventInvokeConfig')[0]?.Properties).toMatchObject({
      MaximumRetryAttempts: 0,
      DestinationConfig: { OnFailure: { Destination: DeadLetterConfig.Arn } },
    });
    expect(named('AWS::SQS::Queue')[0]?.Properties).toMatchObject({ SqsManagedSseEnabled: true, MessageRetentionPeriod: 1_209_600 });
  });
});

test('tokens are those of the issuer and audience the environment names', () => {
  expect(only(synthesized('signed').service, 'AWS::ApiGatewayV2::Authorizer').Properties).toMatchObject({
    AuthorizerType: 'JWT',
    JwtConfiguration: { Issuer: ISSUER, Audience: ['holdpoint', 'holdpoint-cli'] },
  });
});
