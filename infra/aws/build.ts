import { App, type AppProps, Tags, Validations } from 'aws-cdk-lib';
import recommendedFlags from 'aws-cdk-lib/recommended-feature-flags.json' with { type: 'json' };
import { AwsSolutionsChecks, ServerlessChecks } from 'cdk-nag';
import type { Environment } from '../environments.ts';
import { ServiceStack, type Sources } from './service-stack.ts';
import { StateStack } from './state-stack.ts';

/** What `cdk init` would write, validation of every template included. Exports, since they also keep the state stack from being deleted first. */
const FLAGS = { ...recommendedFlags, '@aws-cdk/core:defaultCrossStackReferences': 'strong' };

/** Dashboards take no tags. */
const UNTAGGED = { excludeResourceTypes: ['AWS::CloudWatch::Dashboard'] };

type Props = Omit<AppProps, 'context'> & Sources & { readonly environments: readonly Environment[] };

/** The app: two stacks per environment, checked by both rule packs. A finding nobody acknowledged fails the synthesis. */
export const buildApp = ({ environments, code, functions, definitions, tree, ...props }: Props): App => {
  const app = new App({ ...props, context: FLAGS });
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app), new ServerlessChecks(app));
  for (const environment of environments) {
    const { name, account, region } = environment;
    const shared = { environment, env: { region, ...(account ? { account } : {}) } };
    const state = new StateStack(app, `holdpoint-${name}-state`, {
      ...shared,
      description: `Holdpoint ${name}: events, artifacts, jobs, keys`,
    });
    const sources = { code, ...(functions ? { functions } : {}), ...(definitions ? { definitions } : {}), ...(tree ? { tree } : {}) };
    const service = new ServiceStack(app, `holdpoint-${name}-service`, {
      ...shared,
      state,
      ...sources,
      description: `Holdpoint ${name}: functions, machine, API`,
    });
    for (const stack of [state, service]) {
      // CDK writes the dependency on a role beside the reference to it, to wait for the role's policies too.
      stack.templateOptions.metadata = { 'cfn-lint': { config: { ignore_checks: ['W3005'] } } };
      Tags.of(stack).add('holdpoint:environment', name, UNTAGGED);
      Tags.of(stack).add('holdpoint:ci-checks', environment.ci.checks, UNTAGGED);
    }
  }
  return app;
};
