import { ArnFormat, Stack } from 'aws-cdk-lib';
import { Effect, PolicyStatement, Role, WebIdentityPrincipal } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import type { Github } from '../environment/operations.ts';
import type { Environment } from '../environments.ts';
import { acknowledgeWildcards } from './acknowledge.ts';
import { statementOf } from './policy.ts';

type Props = { readonly environment: Environment; readonly github: Github };

const ISSUER = 'token.actions.githubusercontent.com';

/** Who GitHub says asks: by names, and by names with the ids that nobody else can come by. */
const subjects = ({ name }: Environment, { organization, organizationId, repository, repositoryId }: Github): string[] =>
  [`${organization}/${repository}`, `${organization}@${organizationId}/${repository}@${repositoryId}`].map(
    (where) => `repo:${where}:environment:${name}`,
  );

/** What the workflows of one repository may do, from its GitHub environment of the same name and from nowhere else. */
export class GithubRoles extends Construct {
  constructor(scope: Construct, id: string, props: Props) {
    super(scope, id);
    const { environment, github } = props;
    const provider =
      github.providerArn ?? Stack.of(this).formatArn({ service: 'iam', region: '', resource: 'oidc-provider', resourceName: ISSUER });
    const trusted = new WebIdentityPrincipal(provider, {
      StringEquals: { [`${ISSUER}:aud`]: 'sts.amazonaws.com', [`${ISSUER}:sub`]: subjects(environment, github) },
    });
    this.#starter(environment, trusted);
    if (github.deploys) this.#deployer(environment, trusted);
  }

  /** Starts jobs through the alias, follows and stops them; nothing else. */
  #starter(environment: Environment, assumedBy: WebIdentityPrincipal): void {
    const role = new Role(this, 'Ci', {
      roleName: `holdpoint-${environment.name}-ci`,
      description: `Workflows that start jobs of ${environment.name}`,
      assumedBy,
    });
    const reason = 'executions of this machine, whose names are chosen by whoever starts them';
    for (const grant of [
      { sid: 'StartJobs', on: 'alias', machines: ['job'], actions: ['states:StartExecution'] },
      { sid: 'FollowJobs', on: 'executions', machines: ['job'], actions: ['states:DescribeExecution', 'states:StopExecution'] },
    ] as const) {
      const statement = statementOf(this, environment, { contextSecret: '', digestKey: '' }, grant);
      role.addToPolicy(statement);
      acknowledgeWildcards(role, statement, reason);
    }
  }

  /** May become the roles that `cdk bootstrap` made, which do the work. */
  #deployer(environment: Environment, assumedBy: WebIdentityPrincipal): void {
    const role = new Role(this, 'Deploy', {
      roleName: `holdpoint-${environment.name}-deploy`,
      description: `Workflows that deploy ${environment.name}`,
      assumedBy,
    });
    const bootstrap = (purpose: string): string =>
      Stack.of(this).formatArn({
        service: 'iam',
        region: '',
        resource: 'role',
        resourceName: `cdk-hnb659fds-${purpose}-role-${Stack.of(this).account}-${Stack.of(this).region}`,
        arnFormat: ArnFormat.SLASH_RESOURCE_NAME,
      });
    role.addToPolicy(
      new PolicyStatement({
        sid: 'BootstrapRoles',
        effect: Effect.ALLOW,
        actions: ['sts:AssumeRole'],
        resources: ['deploy', 'file-publishing', 'lookup'].map(bootstrap),
      }),
    );
  }
}
