import { dirname, join } from 'node:path';
import type { Image } from './image.ts';

/** Prometheus, with the discovery of pods that some builds of it lack. */
export const prometheus: Image = {
  repositories: ['prom/prometheus', 'quay.io/prometheus/prometheus'],
  program: (programs) => ({
    entrypoint: [
      programs.node,
      ...['--max-semi-space-size=1', '--max-old-space-size=64'],
      join(programs.isthmusRoot, 'src/embedded/node/images/programs/prometheus.ts'),
      programs.prometheus,
    ],
    mounts: [programs.isthmusRoot, dirname(dirname(programs.node)), dirname(programs.prometheus)],
  }),
};
