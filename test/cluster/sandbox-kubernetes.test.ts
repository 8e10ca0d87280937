import { sandboxConformance } from '../conformance/sandbox.ts';
import { makeKubernetesFixture } from '../helpers/kubernetes-sandbox.ts';

// Setup needs the way out through a proxy, which pods do not have yet.
sandboxConformance('kubernetes', makeKubernetesFixture, { skip: ['setup'] });
