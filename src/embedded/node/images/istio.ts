import { dirname, join } from 'node:path';
import type { Image } from './image.ts';

/** The control plane: Isthmus' own istiod. */
export const pilot: Image = {
  repositories: ['istio/pilot'],
  program: ({ node, isthmusRoot }) => ({
    entrypoint: [node, '--max-semi-space-size=4', join(isthmusRoot, 'src/embedded/istiod/main.ts')],
    mounts: [isthmusRoot, dirname(dirname(node))],
  }),
};

/** The proxy: upstream Envoy, or the program that sets up interception, by the first argument. */
export const proxy: Image = {
  repositories: ['istio/proxyv2'],
  program: ({ envoy }) => ({ entrypoint: ['pilot-agent'], mounts: [dirname(envoy)], isProxy: true }),
};
