import { dirname, join } from 'node:path';
import type { Image } from './image.ts';

/** Istio's verification sample: answers with its version and its pod's name. */
export const helloworld: Image = {
  repositories: ['istio/examples-helloworld-v1', 'istio/examples-helloworld-v2'],
  program: ({ node, isthmusRoot }, repository) => ({
    entrypoint: [
      node,
      '--max-semi-space-size=1',
      '--max-old-space-size=32',
      join(isthmusRoot, 'src/embedded/node/images/programs/helloworld.ts'),
    ],
    env: { SERVICE_VERSION: repository.endsWith('v2') ? 'v2' : 'v1' },
    mounts: [join(isthmusRoot, 'src'), dirname(dirname(node))],
  }),
};

/** Images that are a userland: the machine's own programs stand for theirs. */
export const userland: Image = {
  repositories: ['curlimages/curl', 'busybox', 'alpine', 'debian', 'ubuntu', 'registry.k8s.io/e2e-test-images/busybox'],
  program: (_programs, repository) => ({
    entrypoint: repository === 'curlimages/curl' ? ['curl'] : [],
    defaultArgs: repository === 'curlimages/curl' ? [] : ['sh'],
  }),
};

export const pause: Image = {
  repositories: ['registry.k8s.io/pause'],
  program: () => ({ entrypoint: ['sleep', 'infinity'] }),
};
