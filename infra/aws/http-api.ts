import { CfnOutput } from 'aws-cdk-lib';
import { AccessLogFormat } from 'aws-cdk-lib/aws-apigateway';
import {
  HttpApi as Api,
  ApiMapping,
  DomainName,
  HttpMethod,
  HttpNoneAuthorizer,
  HttpStage,
  type IHttpRouteAuthorizer,
  LogGroupLogDestination,
  SecurityPolicy,
} from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpIamAuthorizer, HttpJwtAuthorizer } from 'aws-cdk-lib/aws-apigatewayv2-authorizers';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager';
import type { Alias, IFunction } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import type { Environment } from '../environments.ts';
import { acknowledge } from './acknowledge.ts';
import type { HandlerFunction } from './handler-function.ts';
import { logGroup } from './log-group.ts';

type Props = { readonly environment: Environment };
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

/** The HTTP API and pages. Made before the functions, which tell people its address. */
export class HttpApi extends Construct {
  /** Where people find the pages. */
  readonly origin: string;
  readonly #api: Api;
  readonly #environment: Environment;
  /** Of every route that is not open. */
  readonly #authorizer: IHttpRouteAuthorizer;

  constructor(scope: Construct, id: string, { environment }: Props) {
    super(scope, id);
    this.#environment = environment;
    this.#authorizer = authorizer(environment);
    this.#api = new Api(this, 'Api', {
      apiName: `holdpoint-${environment.name}`,
      createDefaultStage: false,
      // Otherwise the address of API Gateway goes round whatever guards the domain.
      disableExecuteApiEndpoint: environment.domain !== undefined,
    });
    const stage = this.#stage(environment);
    this.origin = environment.domain ? `https://${environment.domain.name}` : this.#api.apiEndpoint;
    if (environment.domain) this.#serveAt(environment.domain, stage);
    new CfnOutput(this, 'Url', { value: this.origin, description: 'HTTP API and pages' });
  }

  /** Puts the web function, by its alias, behind every route. */
  serve(web: HandlerFunction, live: Alias): void {
    const [api, environment] = [this.#api, this.#environment];
    // CDK's classes do not fit its own interfaces under exactOptionalPropertyTypes.
    const integration = new HttpLambdaIntegration('Web', live as IFunction, { scopePermissionToRoute: false });
    for (const { path, methods, reason } of openRoutes(environment)) {
      for (const route of api.addRoutes({ path, methods, integration, authorizer: new HttpNoneAuthorizer() })) {
        acknowledge(route, { 'AwsSolutions-APIG4': reason });
      }
    }
    api.addRoutes({ path: '/{proxy+}', methods: [HttpMethod.ANY], integration, authorizer: this.#authorizer });
    acknowledge(web.lambda, { 'Serverless-LambdaDLQ': 'the API waits for its answer and the caller sees a failure: nothing is queued' });
  }

  /** Puts the function that answers in SQL behind its own routes. */
  ask(telemetry: HandlerFunction, live: Alias): void {
    const integration = new HttpLambdaIntegration('Telemetry', live as IFunction, { scopePermissionToRoute: false });
    for (const path of ['/telemetry', '/telemetry/{proxy+}'])
      this.#api.addRoutes({ path, methods: [HttpMethod.GET], integration, authorizer: this.#authorizer });
    acknowledge(telemetry.lambda, {
      'Serverless-LambdaDLQ': 'the API waits for its answer and the caller sees a failure: nothing is queued',
    });
  }

  #serveAt({ name, certificateArn }: NonNullable<Environment['domain']>, stage: HttpStage): void {
    const domain = new DomainName(this, 'Domain', {
      domainName: name,
      certificate: Certificate.fromCertificateArn(this, 'Certificate', certificateArn),
      securityPolicy: SecurityPolicy.TLS_1_2,
    });
    new ApiMapping(this, 'Mapping', { api: this.#api, domainName: domain, stage });
    new CfnOutput(this, 'DomainTarget', { value: domain.regionalDomainName, description: `What a DNS record for ${name} leads to` });
  }

  #stage(environment: Environment): HttpStage {
    const logs = logGroup(this, 'AccessLogs', `/aws/vendedlogs/apis/holdpoint-${environment.name}`, environment);
    return new HttpStage(this, 'Stage', {
      httpApi: this.#api,
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
