export { type Ran, runIn as run } from '../../src/cli/lab/run-in.ts';
