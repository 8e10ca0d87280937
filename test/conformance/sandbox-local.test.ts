import { makeLocalFixture } from '../helpers/local-sandbox.ts';
import { sandboxConformance } from './sandbox.ts';

sandboxConformance('local', makeLocalFixture, { skip: [] });
