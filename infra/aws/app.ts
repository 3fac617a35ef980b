import path from 'node:path';
import { ENVIRONMENTS } from '../environments.ts';
import { buildApp } from './build.ts';
import { bundledCode, ROOT } from './bundle.ts';

buildApp({ environments: ENVIRONMENTS, code: bundledCode(path.join(ROOT, '.cache/bundles')) }).synth();
