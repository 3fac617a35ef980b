import { type Breaks, GONE, may, ofFunction, openRoute, STATEMENTS } from './words.ts';

export const EDGES: Breaks = {
  'only pages, health and the API description are open, and sign-in and approval links where the app guards them': [
    ['dev', 'service ApiGatewayV2::Route ANY /{proxy+}', 'Properties.AuthorizationType', 'NONE', ['whatever else']],
    ['prod', 'service', 'Resources.Broken', openRoute('POST /a/{capability}')],
    ['signed', 'service', 'Resources.Broken', openRoute('GET /jobs')],
  ],
  'whatever else the app serves needs a token, or IAM where no issuer is named': [
    ['signed', 'service ApiGatewayV2::Route ANY /{proxy+}', 'Properties.AuthorizationType', 'AWS_IAM'],
    ['dev', 'service ApiGatewayV2::Route GET /telemetry', '', GONE],
  ],
  'requests are throttled': [
    ['dev', 'service ApiGatewayV2::Stage', 'Properties.DefaultRouteSettings', GONE],
    ['dev', 'service ApiGatewayV2::Stage', 'Properties.DefaultRouteSettings.ThrottlingRateLimit', 10_000],
  ],
  'accesses are logged as JSON, without the path, which may hold a capability': [
    ['dev', 'service ApiGatewayV2::Stage', 'Properties.AccessLogSettings.Format', '{"route":"$context.routeKey","path":"$context.path"}'],
    ['dev', 'service ApiGatewayV2::Stage', 'Properties.AccessLogSettings.Format', '$context.routeKey'],
    ['dev', 'service ApiGatewayV2::Stage', 'Properties.AccessLogSettings', GONE],
    ['dev', 'service Logs::LogGroup HttpApiAccessLogs', 'Properties.RetentionInDays', 3653],
  ],
  'API Gateway alone may invoke the functions behind it, by their alias': [
    ['dev', 'service Lambda::Permission', 'Properties.Principal', '*'],
    ['dev', 'service Lambda::Permission', 'Properties.FunctionName', { Ref: 'webFunctionC340AA86' }],
    ['dev', 'service', 'Resources.Broken', { Type: 'AWS::Lambda::Permission', Properties: {} }],
  ],
  '%s runs on schedule, %s, by its alias, and a failed pass is kept': [
    ['dev', 'service Scheduler::Schedule Reconcile', 'Properties.State', 'DISABLED'],
    ['dev', 'service Scheduler::Schedule Reconcile', 'Properties.ScheduleExpression', 'rate(5 days)'],
    ['dev', 'service Scheduler::Schedule Reconcile', 'Properties.Target.Arn', { Ref: 'reconcileFunctionE4767888' }],
    ['dev', 'service Lambda::EventInvokeConfig reconcile', 'Properties.MaximumRetryAttempts', 2],
    ['dev', 'service Lambda::EventInvokeConfig reconcile', 'Properties.DestinationConfig', GONE],
    ['dev', 'service SQS::Queue Reconcile', 'Properties.MessageRetentionPeriod', 60],
  ],
  'tokens are those of the issuer and audience the environment names': [
    ['signed', 'service ApiGatewayV2::Authorizer', 'Properties.JwtConfiguration.Issuer', 'https://other.example.com'],
    ['signed', 'service ApiGatewayV2::Authorizer', 'Properties.JwtConfiguration.Audience.+', 'anybody'],
  ],
  'deploys its file in statemachines/ as it is': [
    ['dev', 'service StepFunctions::StateMachine JobMachine', 'Properties.DefinitionString', '{}'],
    ['dev', 'service StepFunctions::StateMachine JobMachine', 'Properties.DefinitionS3Location.Key', 'other.json'],
  ],
  'every placeholder of the definition is a published version of its function': [
    ['dev', 'service StepFunctions::StateMachine JobMachine', 'Properties.DefinitionSubstitutions.RunFunction.Ref', 'runFunction95E9B226'],
    ['dev', 'service StepFunctions::StateMachine JobMachine', 'Properties.DefinitionSubstitutions.Other', { Ref: 'x' }],
  ],
  'is STANDARD, traced, and logs every event without its payload': [
    ['dev', 'service StepFunctions::StateMachine JobMachine', 'Properties.StateMachineType', 'EXPRESS'],
    ['dev', 'service StepFunctions::StateMachine JobMachine', 'Properties.TracingConfiguration.Enabled', false],
    ['dev', 'service StepFunctions::StateMachine RolloutMachine', 'Properties.LoggingConfiguration.IncludeExecutionData', true],
    ['dev', 'service StepFunctions::StateMachine JobMachine', 'Properties.LoggingConfiguration.Level', 'ERROR'],
    ['dev', 'service Logs::LogGroup JobMachineLogs', 'Properties.RetentionInDays', 3653],
  ],
  'may invoke every version of its stages, and no other function': [
    ['dev', 'service IAM::Policy JobMachineRole', `${STATEMENTS}.Sid=InvokeStages.Resource.+`, ofFunction('webFunctionC340AA86')],
    ['dev', 'service IAM::Policy JobMachineRole', `${STATEMENTS}.Sid=InvokeStages.Resource.0`, GONE],
  ],
  'the alias "live" leads to a published version, and all of it outlives the stack': [
    ['dev', 'service StepFunctions::StateMachineAlias JobMachine', 'Properties.RoutingConfiguration.0.Weight', 50],
    ['dev', 'service StepFunctions::StateMachineVersion JobMachine', 'DeletionPolicy', 'Delete'],
    ['dev', 'service IAM::Role JobMachineRole', 'DeletionPolicy', 'Delete'],
  ],
  'no function refers to the machine, or the template would be circular': [
    may('run', 'states:ListExecutions', { Ref: 'JobMachineD98E4426' }),
  ],
  'another definition publishes another version of the %s machine: the version follows the revision': [
    ['dev', 'service StepFunctions::StateMachineVersion JobMachine', 'Properties.StateMachineRevisionId', 'INITIAL'],
    ['dev', 'service StepFunctions::StateMachineVersion RolloutMachine', 'Properties.StateMachineArn', { Ref: 'JobMachineD98E4426' }],
  ],
};
