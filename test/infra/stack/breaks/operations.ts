import { ANY, type Breaks, bucket, GONE, KEPT, STATEMENTS } from './words.ts';

export const OPERATIONS: Breaks = {
  'the topic of %s takes messages over TLS only and stays when the stack goes': [
    ['dev', 'state SNS::Topic holdpoint-dev-alarms', 'DeletionPolicy', 'Delete', ['nothing that holds']],
    ['dev', 'state SNS::TopicPolicy TopicsAlarms', `${STATEMENTS}.Sid=AllowPublishThroughSSLOnly`, GONE],
  ],
  'topics are encrypted with the key of the account where there is one; what CloudWatch cannot use otherwise is left out': [
    ['dev', 'state SNS::Topic holdpoint-dev-approvals', 'Properties.KmsMasterKeyId', GONE],
    ['prod', 'state SNS::Topic holdpoint-prod-alarms', 'Properties.KmsMasterKeyId', GONE],
    ['prod', 'state KMS::Key DataKey', 'Properties.KeyPolicy.Statement.Sid=TellOfAlarms.Condition', GONE],
    ['dev', 'state', 'Resources.Broken', { Type: 'AWS::KMS::Key', Properties: {}, ...KEPT }, ['data is encrypted']],
  ],
  'a month may cost what the environment says; half of it is told, all of it, and a forecast of more': [
    ['dev', 'service Budgets::Budget', 'Properties.Budget.BudgetLimit.Amount', 2000],
    ['dev', 'service Budgets::Budget', 'Properties.Budget.CostFilters', GONE],
    ['dev', 'service Budgets::Budget', 'Properties.NotificationsWithSubscribers.2', GONE],
    ['dev', 'service Budgets::Budget', 'Properties.NotificationsWithSubscribers.0.Subscribers.0.Address', 'x'],
  ],
  'new versions of the API take over as the environment says, and go back when an alarm that exists goes off': [
    ['prod', 'service CodeDeploy::DeploymentGroup', 'Properties.DeploymentConfigName', 'CodeDeployDefault.LambdaAllAtOnce'],
    ['prod', 'service CodeDeploy::DeploymentGroup', 'Properties.AlarmConfiguration.Enabled', false],
    ['prod', 'service CodeDeploy::DeploymentGroup', 'Properties.AlarmConfiguration.Alarms.0.Name.Ref', 'Nothing'],
    ['prod', 'service CodeDeploy::DeploymentGroup', 'Properties.AutoRollbackConfiguration.Events', []],
    ['dev', 'service', 'Resources.Broken', { Type: 'AWS::CodeDeploy::DeploymentGroup', Properties: {} }],
  ],
  'telemetry is SQL tables with the columns of the contract, found by day': [
    ['dev', 'state Glue::Table llm_usage_events', '', GONE, ANY],
    ['dev', 'state Glue::Table phase6_metrics', 'Properties.TableInput.Name', 'other'],
    ['dev', 'state Glue::Table llm_usage_events', 'Properties.TableInput.StorageDescriptor.Columns.+', { Name: 'more', Type: 'string' }],
    ['dev', 'state Glue::Table llm_usage_events', 'Properties.TableInput.StorageDescriptor.Location', 's3://elsewhere/'],
  ],
  'columns have the types that rows have': [
    ['dev', 'state Glue::Table llm_usage_events', 'Properties.TableInput.StorageDescriptor.Columns.Name=prompt_tokens.Type', 'string'],
  ],
  'questions about telemetry go through one work group: encrypted answers, kept a week, and a bound on what a question reads': [
    ['dev', 'state Athena::WorkGroup', 'Properties.WorkGroupConfiguration.BytesScannedCutoffPerQuery', GONE],
    ['dev', 'state Athena::WorkGroup', 'Properties.WorkGroupConfiguration.EnforceWorkGroupConfiguration', false],
    ['dev', 'state Athena::WorkGroup', 'Properties.WorkGroupConfiguration.ResultConfiguration.EncryptionConfiguration', GONE],
    bucket('queries', 'LifecycleConfiguration', GONE),
  ],
  'every dead-letter queue is encrypted and takes messages over TLS only': [
    ['dev', 'service SQS::Queue Digest', 'Properties.SqsManagedSseEnabled', false, ['%s runs on schedule']],
    ['dev', 'service SQS::QueuePolicy Digest', '', GONE],
    ['dev', 'service', 'Resources.Broken', { Type: 'AWS::SQS::Queue', Properties: { SqsManagedSseEnabled: true } }],
  ],
  'the dashboard shows the funnel of every state, the age of approvals, cost per job, and versions': [
    ['dev', 'service CloudWatch::Dashboard', 'Properties.DashboardBody', '{"widgets":[]}'],
  ],
  'every log group of the stack forgets': [
    ['dev', 'service Logs::LogGroup runLogs', 'Properties.RetentionInDays', GONE, ['functions run']],
  ],
};
