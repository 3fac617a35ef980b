import { CfnOutput } from 'aws-cdk-lib';
import { AccessLogFormat } from 'aws-cdk-lib/aws-apigateway';
import {
  HttpApi as Api,
  HttpMethod,
  HttpNoneAuthorizer,
  HttpStage,
  type IHttpRouteAuthorizer,
  LogGroupLogDestination,
} from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpIamAuthorizer, HttpJwtAuthorizer } from 'aws-cdk-lib/aws-apigatewayv2-authorizers';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import { Construct } from 'constructs';
import type { Environment } from '../environments.ts';
import { acknowledge } from './acknowledge.ts';
import type { HandlerFunction } from './handler-function.ts';
import { logGroup } from './log-group.ts';

type Props = { readonly environment: Environment; readonly web: HandlerFunction };
type Open = { path: string; methods: HttpMethod[]; reason: string };

const LINK = 'the capability in the path is the authorization, where this environment allows link approval';
const PAGES = 'an authorizer reads no cookies: the app itself signs people in on its pages';

/** Routes no authorizer guards. Everything else is guarded, also what is added to the app later. */
const openRoutes = ({ allowLinkApproval, oidc }: Environment): Open[] => [
  { path: '/', methods: [HttpMethod.GET], reason: 'redirects to the pages and shows nothing' },
  { path: '/healthz', methods: [HttpMethod.GET], reason: 'says only that the function runs; monitors have no token' },
  { path: '/openapi.json', methods: [HttpMethod.GET], reason: 'the same public document for everyone' },
  {
    path: '/assets/{proxy+}',
    methods: [HttpMethod.GET, HttpMethod.HEAD],
    reason: 'style, script and icon of the pages, the same for everyone',
  },
  { path: '/ui/{proxy+}', methods: [HttpMethod.GET, HttpMethod.HEAD, HttpMethod.POST], reason: PAGES },
  ...(oidc
    ? [
        {
          path: '/auth/{proxy+}',
          methods: [HttpMethod.GET, HttpMethod.POST],
          reason: 'the way to and from the issuer: nobody has signed in yet',
        },
      ]
    : []),
  ...(allowLinkApproval || oidc
    ? [{ path: '/a/{capability}', methods: [HttpMethod.GET, HttpMethod.HEAD, HttpMethod.POST], reason: allowLinkApproval ? LINK : PAGES }]
    : []),
];

/** The HTTP API and pages in front of the web function. */
export class HttpApi extends Construct {
  constructor(scope: Construct, id: string, { environment, web }: Props) {
    super(scope, id);
    const integration = new HttpLambdaIntegration('Web', web.addLiveAlias(), { scopePermissionToRoute: false });
    const api = new Api(this, 'Api', { apiName: `holdpoint-${environment.name}`, createDefaultStage: false });

    for (const { path, methods, reason } of openRoutes(environment)) {
      for (const route of api.addRoutes({ path, methods, integration, authorizer: new HttpNoneAuthorizer() })) {
        acknowledge(route, { 'AwsSolutions-APIG4': reason });
      }
    }
    api.addRoutes({ path: '/{proxy+}', methods: [HttpMethod.ANY], integration, authorizer: authorizer(environment) });
    acknowledge(web.lambda, { 'Serverless-LambdaDLQ': 'the API waits for its answer and the caller sees a failure: nothing is queued' });
    this.#stage(api, environment);
    new CfnOutput(this, 'Url', { value: api.apiEndpoint, description: 'HTTP API and pages' });
  }

  #stage(api: Api, environment: Environment): void {
    const logs = logGroup(this, 'AccessLogs', `/aws/vendedlogs/apis/holdpoint-${environment.name}`, environment);
    new HttpStage(this, 'Stage', {
      httpApi: api,
      stageName: '$default',
      autoDeploy: true,
      throttle: { rateLimit: 50, burstLimit: 100 },
      accessLogSettings: { destination: new LogGroupLogDestination(logs), format: AccessLogFormat.custom(ACCESS_LOG) },
    });
  }
}

/** Without an issuer the JSON API stays shut to all but IAM principals of the account. */
const authorizer = ({ oidc }: Environment): IHttpRouteAuthorizer =>
  oidc
    ? new HttpJwtAuthorizer('Oidc', oidc.issuer, { jwtAudience: [...new Set([...oidc.audience, oidc.clientId, oidc.cliClientId])] })
    : new HttpIamAuthorizer();

// The route, never the path: a path may hold an approval link's capability.
const ACCESS_LOG = JSON.stringify({
  request_id: '$context.requestId',
  at: '$context.requestTime',
  ip: '$context.identity.sourceIp',
  route: '$context.routeKey',
  status: '$context.status',
  bytes: '$context.responseLength',
  latency_ms: '$context.responseLatency',
  error: '$context.error.message',
  integration_error: '$context.integrationErrorMessage',
  subject: '$context.authorizer.claims.sub',
  caller: '$context.identity.userArn',
});
