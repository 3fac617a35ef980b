import { ANY, type Breaks, GONE, STATEMENTS, TRUST } from './words.ts';

export const OUTSIDE: Breaks = {
  'the role %s is for one repository and one environment, by name and by id': [
    ['live', 'service IAM::Role holdpoint-live-ci', `${TRUST}.0.Condition.StringEquals.*:sub.+`, 'repo:acme/jobs:*'],
    ['live', 'service IAM::Role holdpoint-live-deploy', `${TRUST}.0.Condition.StringEquals.*:aud`, GONE],
    ['live', 'service IAM::Role holdpoint-live-ci', `${TRUST}.+`, { Effect: 'Allow', Principal: '*' }],
  ],
  'CI starts the alias, follows and stops executions of that machine, and does nothing else': [
    ['live', 'service IAM::Policy GithubCi', `${STATEMENTS}.0.Condition`, GONE],
    ['live', 'service IAM::Policy GithubCi', `${STATEMENTS}.+`, { Effect: 'Allow', Action: 's3:GetObject', Resource: 'x' }],
  ],
  'a deployment only becomes the roles of the bootstrap': [
    ['live', 'service IAM::Policy GithubDeploy', `${STATEMENTS}.0.Resource`, 'arn:aws:iam::1:role/admin'],
    ['live', 'service IAM::Policy GithubDeploy', `${STATEMENTS}.+`, { Effect: 'Allow', Action: 'iam:PassRole', Resource: 'x' }],
  ],
  'no role of GitHub is there for who did not name a repository': [
    ['dev', 'service IAM::Role runRole', `${TRUST}.0.Condition`, { StringEquals: { 'token.actions.githubusercontent.com:aud': 'x' } }],
  ],
  'serves its own domain and closes the address of API Gateway': [
    ['live', 'service ApiGatewayV2::Api', 'Properties.DisableExecuteApiEndpoint', false],
    ['live', 'service ApiGatewayV2::DomainName', 'Properties.DomainNameConfigurations.0.SecurityPolicy', 'TLS_1_0'],
  ],
  'only functions that tell people know where to': [
    ['live', 'service Lambda::Function holdpoint-live-run', 'Properties.Environment.Variables.HOLDPOINT_NOTIFY_TOPIC_ARN', 'x'],
    ['live', 'service Lambda::Function holdpoint-live-run', 'Properties.Environment.Variables.HOLDPOINT_LLM_KEYS_SECRET_ARN', 'x'],
    ['live', 'service Lambda::Function holdpoint-live-checkpoint', 'Properties.Environment.Variables.HOLDPOINT_LLM_DISABLE_NETWORK', GONE],
  ],
  '$name ships without a build project, and its runner says so': [
    ['dev', 'service', 'Resources.Broken', { Type: 'AWS::CodeBuild::Project', Properties: {} }],
  ],
  'the project builds the deployed tree with the runner of that tree, unprivileged': [
    ['checked-dev', 'service CodeBuild::Project', 'Properties.Environment.PrivilegedMode', true],
    ['checked-dev', 'service CodeBuild::Project', 'Properties.Source.Type', 'GITHUB'],
    ['checked-dev', 'service CodeBuild::Project', 'Properties.Environment.EnvironmentVariables.+', { Name: 'TOKEN', Value: 'x' }],
    ['checked-dev', 'service CodeBuild::Project', 'Properties.Source.BuildSpec', '{"phases":{"build":{"commands":["make"]}}}'],
  ],
  'its role reads that one object and writes results of checks and its own log; nothing else': [
    ['checked-dev', 'service IAM::Policy RunnerProject', `${STATEMENTS}.Sid=Results.Resource`, 'arn:aws:s3:::holdpoint-dev-artifacts/*'],
    ['checked-dev', 'service IAM::Policy RunnerProject', `${STATEMENTS}.Sid=Source.Resource`, '*'],
    ['checked-prod', 'service IAM::Policy RunnerProject', `${STATEMENTS}.Sid=DataKey`, GONE],
  ],
  'only CodeBuild of this account becomes it': [
    ['checked-dev', 'service IAM::Role RunnerProject', `${TRUST}.0.Condition`, GONE],
    ['checked-dev', 'service IAM::Role RunnerProject', `${TRUST}.0.Principal.Service`, 'lambda.amazonaws.com'],
  ],
  'its log forgets as the others do, and its key is the one of the environment': [
    ['checked-dev', 'service Logs::LogGroup RunnerProjectLogs', 'Properties.RetentionInDays', 3653],
    ['checked-prod', 'service CodeBuild::Project', 'Properties.EncryptionKey', GONE],
  ],
  'who starts builds waits longer than one can take, and asks for the project by its name': [
    ['checked-dev', 'service CodeBuild::Project', 'Properties.TimeoutInMinutes', 480],
    ['checked-dev', 'service CodeBuild::Project', 'Properties.Name', 'other', ANY],
  ],
  'builds are started and looked at by the runner alone, and of this project alone': [
    [
      'checked-dev',
      'service IAM::Policy runRoleDefaultPolicy',
      `${STATEMENTS}.+`,
      { Effect: 'Allow', Action: 'codebuild:StartBuild', Resource: 'x' },
    ],
  ],
};
